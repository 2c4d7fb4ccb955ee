/** What failed is not tried at each start, but again after a day or when circumstances change. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { circumstances, rememberedFailures, rememberFailures } from '../../../bin/setup/native/memory.mjs'

const DAY_MS = 24 * 3_600_000

test('a failure is remembered for a day under the same circumstances', () => {
  const cache = mkdtempSync(join(tmpdir(), 'forewarn-memory-'))
  const failed = { way: 'official', reason: 'closed', todo: 'open', atMs: 1_000, circumstances: 'here' }
  expect(rememberedFailures(cache, 'here', 1_000)).toEqual([])
  rememberFailures(cache, [failed])
  expect(rememberedFailures(cache, 'here', 1_000 + DAY_MS - 1)).toEqual([failed])
  expect(rememberedFailures(cache, 'here', 1_000 + DAY_MS)).toEqual([])
  expect(rememberedFailures(cache, 'elsewhere', 1_000)).toEqual([])
  rmSync(cache, { recursive: true })
})

test('a proxy, another index and a new tool are other circumstances', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-tools-'))
  const before = circumstances({ PATH: folder })
  expect(circumstances({ PATH: folder })).toBe(before)
  expect(circumstances({ PATH: folder, HTTPS_PROXY: 'http://127.0.0.1:9' })).not.toBe(before)
  expect(circumstances({ PATH: folder, PIP_INDEX_URL: 'http://127.0.0.1:9' })).not.toBe(before)
  writeFileSync(join(folder, 'g++'), '', { mode: 0o755 })
  expect(circumstances({ PATH: folder })).not.toBe(before)
  rmSync(folder, { recursive: true })
})
