/** Which way brings the native library, in which order, and what is said when none does. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BINDING, provedBefore } from '../../../bin/setup/native/load.mjs'
import { bringNative, choiceOf, nativeAsItStands, planOf } from '../../../bin/setup/native/native.mjs'
import { storeFolder } from '../../../bin/setup/native/store.mjs'
import { trouble } from '../../../bin/setup/trouble.mjs'

/** Stands in for tfjs-node: a package that computes one product and has a version, if its library is whole. */
const PACKAGE = `
const library = require('node:fs').readFileSync(__dirname + '/deps/lib/library', 'utf8')
if (library.startsWith('broken')) throw new Error('Error: wrong ELF class')
exports.tensor2d = (rows) => rows.flat()
exports.matMul = (a, b) => ({ dataSync: () => [a[0] * b[0] + a[1] * b[1]] })
exports.backend = () => ({ binding: { TF_Version: library } })
`
let cache: string
let tfjsNode: string
let tried: string[]

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'forewarn-native-'))
  tfjsNode = join(cache, 'tfjs-node')
  mkdirSync(tfjsNode)
  writeFileSync(join(tfjsNode, 'index.js'), PACKAGE)
  tried = []
})

afterEach(() => rmSync(cache, { recursive: true }))

/** A way that fills the folder with a library of this content, or fails. */
function way(name: string, content: string | Error) {
  const fill = async (_: string, staged: string) => {
    tried.push(name)
    if (content instanceof Error) throw content
    for (const [file, text] of [
      [BINDING, 'binding'],
      ['deps/lib/library', content],
    ] as const) {
      mkdirSync(dirname(join(staged, file)), { recursive: true })
      writeFileSync(join(staged, file), text)
    }
  }
  return { name, fill }
}

function bring(official: string | Error, wheel: string | Error, env: NodeJS.ProcessEnv = {}) {
  const ways = [way('official', official), way('wheel', wheel)]
  return bringNative(env, cache, { ways, findFolder: async () => tfjsNode })
}

const closed = trouble('the storage does not answer', 'open it')

test('the first way that works is taken, and proved for later starts', async () => {
  expect(await bring('2.9.1', '2.15.1')).toMatchObject({
    way: 'official',
    version: '2.9.1',
    folder: tfjsNode,
  })
  expect(tried).toEqual(['official'])
  expect(provedBefore(tfjsNode)).toMatchObject({ way: 'official', version: '2.9.1' })
})

test('a way that fails, or whose library does not load, gives way to the next', async () => {
  expect(await bring(closed, '2.15.1')).toMatchObject({ way: 'wheel', version: '2.15.1' })
  rmSync(join(cache, 'native'), { recursive: true })
  rmSync(join(cache, 'native-failures.json'))
  writeFileSync(join(tfjsNode, 'deps/lib/library'), 'broken')
  expect(await bring('broken', '2.15.2')).toMatchObject({ way: 'wheel', version: '2.15.2' })
})

test('a second clone takes it from the cache, even where the first way would come before', async () => {
  await bring(closed, '2.15.1')
  rmSync(join(cache, 'native-failures.json'))
  const second = join(cache, 'second')
  mkdirSync(second)
  writeFileSync(join(second, 'index.js'), PACKAGE)
  tried = []
  const ways = [way('official', '2.9.1'), way('wheel', '2.15.1')]
  const status = await bringNative({}, cache, { ways, findFolder: async () => second })
  expect(status).toMatchObject({ way: 'wheel', version: '2.15.1', folder: second })
  expect(tried).toEqual([])
})

test('a damaged cache is noticed and filled again', async () => {
  await bring(closed, '2.15.1')
  const store = storeFolder(cache, 'wheel')
  rmSync(join(store, 'deps/lib/library'))
  writeFileSync(join(store, 'deps/lib/library'), '9.99.9')
  rmSync(join(tfjsNode, 'lib'), { recursive: true })
  expect(await bring(closed, '2.15.1')).toMatchObject({ way: 'wheel', version: '2.15.1' })
  expect(readFileSync(join(tfjsNode, 'deps/lib/library'), 'utf8')).toBe('2.15.1')
})

test('when none works, the reason names each, and the failures are remembered until asked again', async () => {
  const status = await bring(closed, trouble('no C++ compiler', 'install one'))
  expect(status).toMatchObject({ way: 'wasm', version: null, folder: null })
  expect(status.reason).toContain('official: the storage does not answer; wheel: no C++ compiler')
  tried = []
  await bring('2.9.1', '2.15.1')
  expect(tried).toEqual([])
  expect(await bring('2.9.1', '2.15.1', { FOREWARN_NATIVE: 'auto' })).toMatchObject({ way: 'official' })
})

test('nothing of a way that failed stays behind', async () => {
  await bring(closed, trouble('no C++ compiler', 'install one'))
  expect(readdirSync(join(cache, 'native'))).toEqual([])
})

test('a package that npm could not bring is a reason too', async () => {
  const findFolder = () => Promise.reject(trouble('npm could not install tfjs-node', 'open the registry'))
  const status = await bringNative({}, cache, { ways: [way('official', '2.9.1')], findFolder })
  expect(status).toMatchObject({ way: 'wasm', failures: [{ way: 'package', todo: 'open the registry' }] })
  expect(tried).toEqual([])
})

test('a wish narrows the ways', () => {
  const ways = [{ name: 'official' }, { name: 'wheel' }]
  expect(planOf(ways, 'wheel', [], [])).toEqual([{ name: 'wheel' }])
  expect(planOf(ways, 'auto', ['wheel'], [])).toEqual([{ name: 'wheel' }, { name: 'official' }])
  expect(planOf(ways, 'auto', [], [{ way: 'official' }])).toEqual([{ name: 'wheel' }])
  expect(planOf(ways, 'auto', ['official'], [{ way: 'official' }])).toEqual(ways)
})

test('a wish that is none is refused with the words that are', () => {
  expect(() => choiceOf({ FOREWARN_NATIVE: 'gpu' })).toThrow('FOREWARN_NATIVE is gpu')
  expect(choiceOf({})).toBe('auto')
})

test('WebAssembly on wish needs no work', () => {
  const status = nativeAsItStands({ FOREWARN_NATIVE: 'wasm' }, cache)
  expect(status).toMatchObject({ way: 'wasm', failures: [] })
})

test('a proof holds only for the files that it was made with', async () => {
  await bring('2.9.1', '2.15.1')
  writeFileSync(join(tfjsNode, 'deps/lib/library'), 'another')
  expect(provedBefore(tfjsNode)).toBeNull()
})
