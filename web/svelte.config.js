// SPDX-License-Identifier: GPL-3.0-or-later
// Svelte as it comes, with TypeScript in the components.
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true } }
