// @ts-check
/**
 * Brings up what is missing, in order: packages, build, native library. When everything is there it only looks
 * (a few files' times and sizes) and starts nothing.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildDist } from './build.mjs'
import { alone } from './lock.mjs'
import { adviceOn } from './native/advice.mjs'
import { bringNative, nativeAsItStands } from './native/native.mjs'
import { bringPackages, packagesAreThere } from './packages.mjs'
import { cacheFolder, isClone, ROOT } from './places.mjs'
import { say } from './progress.mjs'
import { stopRunning } from './run.mjs'
import { distIsFresh } from './sources.mjs'
import { isTrouble } from './trouble.mjs'

/** @typedef {{ dev?: boolean, native?: boolean }} Wanted development packages too; the native library too */
/** @typedef {import('./native/native.mjs').Status} Status */

const SIGNAL_STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/**
 * @param {Wanted} wanted
 * @returns {Promise<Status | null>} what came of the native library; null when it was not wanted
 */
export async function bringUp(wanted) {
  const cache = cacheFolder()
  if (programIsThere(wanted)) {
    const native = wanted.native ? nativeAsItStands(process.env, cache) : null
    if (native !== null || !wanted.native) return native
  }
  return interruptible(() => alone(join(cache, 'set-up.lock'), () => bringMissing(wanted, cache)))
}

/** @param {Wanted} wanted */
function programIsThere(wanted) {
  if (!isClone()) return distIsThere()
  return packagesAreThere(ROOT, wanted.dev ?? false) && distIsFresh(ROOT)
}

function distIsThere() {
  return existsSync(join(ROOT, 'dist/src/main.js'))
}

/**
 * Looks again at each part: another set-up may have brought it while this one waited.
 * @param {Wanted} wanted
 * @param {string} cache
 * @returns {Promise<Status | null>}
 */
async function bringMissing(wanted, cache) {
  if (isClone()) {
    const fresh = distIsFresh(ROOT)
    if (!packagesAreThere(ROOT, wanted.dev || !fresh)) await bringPackages(ROOT)
    if (!fresh) await buildDist(ROOT, cache)
  } else if (!distIsThere()) {
    await buildDist(ROOT, cache)
  }
  if (!wanted.native) return null
  const asItStands = nativeAsItStands(process.env, cache)
  if (asItStands !== null) return asItStands
  const status = await bringNative(process.env, cache)
  if (status.version !== null) say(`native TensorFlow: ${status.version} is in place (${status.way})`)
  return status
}

/**
 * Hands the status on to src/model/backend.ts, and to people when it is not what they chose.
 * @param {Status | null} status
 */
export function tellNative(status) {
  if (status === null) return
  const { way, version, reason, folder } = status
  process.env.FOREWARN_NATIVE_STATUS = JSON.stringify({ way, version, reason })
  if (folder !== null) process.env.FOREWARN_TFJS_NODE = folder
  if (way === 'wasm') say(adviceOn(status.failures))
}

/**
 * Stops what the set-up started when it is interrupted, instead of leaving npm or pip behind.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const stop = (/** @type {keyof typeof SIGNAL_STATUS} */ signal) => {
    stopRunning(signal)
    process.exit(SIGNAL_STATUS[signal])
  }
  process.on('SIGHUP', stop).on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await work()
  } finally {
    process.off('SIGHUP', stop).off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/**
 * Runs an entry's work; what people can mend is said in one message, without a stack.
 * @param {() => Promise<void>} work
 */
export async function orSayWhy(work) {
  try {
    await work()
  } catch (error) {
    if (!isTrouble(error)) throw error
    say(`${error.message}${error.todo && `\nWhat to do: ${error.todo}.`}`)
    process.exitCode = error.exit
  }
}
