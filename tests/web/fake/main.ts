// SPDX-License-Identifier: GPL-3.0-or-later
// Serves the built studio with the fake server: scripts/dev web fake
import { resolve } from 'node:path'
import { FakeServer } from './server'

const url = await new FakeServer(resolve(__dirname, '../../../web/dist')).listen(Number(process.env.PORT ?? 3013))
console.log(`fake Riffle: ${url}`)
