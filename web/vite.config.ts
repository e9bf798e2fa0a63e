// SPDX-License-Identifier: GPL-3.0-or-later
// How the studio is built (dist/), served while developing, and tested.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 300 },
  server: {
    proxy: { '/api': process.env.RIFFLE_URL ?? 'http://127.0.0.1:3013' },
    fs: { allow: ['..'] },
  },
  test: {
    dir: '../tests/web',
    include: ['**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    maxWorkers: 1,
    minWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
