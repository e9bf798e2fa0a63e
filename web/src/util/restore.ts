// SPDX-License-Identifier: GPL-3.0-or-later
// A clip that is dropped gives its form back, whether it comes from the library or from a folder.
import { api } from '../api/client'
import type { Request } from '../api/types'
import { studio } from '../stores/studio.svelte'
import { clipType, placeOf } from './transfer'

export function restore(request: Request): void {
  const { page, query } = placeOf(request, studio.capabilities?.pipelines ?? [])
  studio.handOver(page, request, query)
  studio.say('The form is as it was when this clip was made.')
}

export async function restoreFrom(event: DragEvent): Promise<void> {
  const id = event.dataTransfer?.getData(clipType)
  const file = event.dataTransfer?.files[0]
  try {
    if (id) return restore((await api.clip(id)).request)
    if (!file) return
    const { request } = await api.upload(file)
    if (request) restore(request)
    else studio.say(`${file.name} does not say how it was made.`, 'Files that Riffle wrote carry their request; this one has none. Cover and Edit take any sound.', true)
  } catch (error) {
    studio.complain(error)
  }
}
