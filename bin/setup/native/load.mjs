// @ts-check
/**
 * Proves in a process of its own that a tfjs-node folder computes natively (a library for another processor ends
 * that process, not ours), and keeps the proof as a stamp beside it, so that a later start only looks at sizes.
 */
import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson } from '../packages.mjs'
import { endOf, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'

const LOAD_LIMIT_MS = 60_000
const STAMP = '.forewarn-native.json'
const TRY = fileURLToPath(new URL('try-load.cjs', import.meta.url))

/**
 * @typedef {object} Stamp
 * @property {string} way official, wheel, or present (somebody else put it there)
 * @property {string} version libtensorflow's
 * @property {string} system platform, architecture
 * @property {Record<string, number>} bytes sizes of the files that it was proved with
 */

/** Node's highest N-API that tfjs-node builds for; node-pre-gyp looks for the binding there. */
export const BINDING = `lib/napi-v${Math.min(8, Number(process.versions.napi))}/tfjs_binding.node`
export const SYSTEM = `${process.platform}-${process.arch}`

/**
 * The stamp, if what it was proved with is still there.
 * @param {string} folder of tfjs-node
 * @returns {Stamp | null}
 */
export function provedBefore(folder) {
  const stamp = readJson(join(folder, STAMP))
  if (stamp === null || stamp.system !== SYSTEM || stamp.bytes[BINDING] === undefined) return null
  const same = Object.entries(stamp.bytes).every(([file, bytes]) => sizeOf(join(folder, file)) === bytes)
  return same ? stamp : null
}

/**
 * Loads and computes; stamps the folder when that works.
 * @param {string} folder of tfjs-node
 * @param {string} way
 * @returns {Promise<{ stamp: Stamp } | { reason: string }>}
 */
export async function prove(folder, way) {
  if (!existsSync(join(folder, BINDING))) return { reason: 'its binding is not there' }
  const outcome = await run(process.execPath, [TRY, folder], {
    limitMs: LOAD_LIMIT_MS,
    env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env },
  })
  const version = /^libtensorflow (\S+)$/m.exec(outcome.stdout)?.[1]
  if (!outcome.ok || version === undefined)
    return { reason: `it does not load: ${lastLineOf(outcome.output)}` }
  const stamp = { way, version, system: SYSTEM, bytes: sizesIn(folder) }
  const aside = join(folder, `${STAMP}.${process.pid}`)
  writeFileSync(aside, JSON.stringify(stamp))
  renameSync(aside, join(folder, STAMP))
  return { stamp }
}

/** @param {string} folder */
function sizesIn(folder) {
  const libraries = existsSync(join(folder, 'deps/lib')) ? readdirSync(join(folder, 'deps/lib')) : []
  const files = [BINDING, ...libraries.map((name) => `deps/lib/${name}`)]
  return Object.fromEntries(files.map((file) => [file, sizeOf(join(folder, file))]))
}

/** @param {string} path */
function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1
}

/** @param {string} output */
function lastLineOf(output) {
  const lines = endOf(output).split('\n')
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing'
}

/** Throws on a system with musl, for which no build of TensorFlow is made. */
export function refuseMusl() {
  if (process.platform !== 'linux') return
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  if (header.glibcVersionRuntime !== undefined) return
  throw trouble('TensorFlow is made for glibc, and this system has musl', 'use a system with glibc')
}
