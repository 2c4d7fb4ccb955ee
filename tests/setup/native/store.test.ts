/** The cache of native libraries: kept whole, checked by hash, placed without a second copy. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { filesIn, keep, place, storedFiles } from '../../../bin/setup/native/store.mjs'

let root: string
let store: string

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'forewarn-store-'))
  store = join(root, 'native/linux')
  mkdirSync(join(root, 'staged/deps/lib'), { recursive: true })
  writeFileSync(join(root, 'staged/deps/lib/library'), 'bytes')
  await keep(join(root, 'staged'), store)
})

afterEach(() => rmSync(root, { recursive: true }))

test('what was kept is listed with its hash', async () => {
  expect(await storedFiles(store)).toEqual({
    'deps/lib/library': {
      bytes: 5,
      sha256: '277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9',
    },
  })
  expect(await filesIn(root)).toEqual(['native/linux/deps/lib/library', 'native/linux/files.json'])
})

test('a changed byte or a lost file empties the store', async () => {
  writeFileSync(join(store, 'deps/lib/library'), 'bytez')
  expect(await storedFiles(store)).toBeNull()
  expect(await storedFiles(store)).toBeNull()
})

test('files are placed as links of one file, also over old ones and over themselves', async () => {
  const to = join(root, 'tfjs-node')
  mkdirSync(join(to, 'deps/lib'), { recursive: true })
  writeFileSync(join(to, 'deps/lib/library'), 'old')
  await place(['deps/lib/library'], store, to)
  await place(['deps/lib/library'], store, to)
  expect(readFileSync(join(to, 'deps/lib/library'), 'utf8')).toBe('bytes')
  expect(statSync(join(to, 'deps/lib/library')).ino).toBe(statSync(join(store, 'deps/lib/library')).ino)
  expect(lstatSync(join(to, 'deps/lib/library')).isSymbolicLink()).toBe(false)
  expect(await filesIn(to)).toEqual(['deps/lib/library'])
})
