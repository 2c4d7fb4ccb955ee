// @ts-check
/**
 * Where things are: the project (a clone, or a package that npm installed) and the user's cache folder. Everything
 * else in the set-up asks here, so that no two parts look in different places.
 */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')

/** Version of tfjs-node that package.json pins; the native library is kept by it. */
export const TFJS_NODE = { name: '@tensorflow/tfjs-node', version: '4.22.0' }

/** A clone has a lock file; npm leaves it out of a package. */
export function isClone(root = ROOT) {
  return existsSync(join(root, 'package-lock.json'))
}

/**
 * The cache folder by FOREWARN_CACHE, XDG_CACHE_HOME or the home folder; one in the temporary folder where that
 * can't be written (a container's user without a home).
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env = process.env) {
  const wished = env.FOREWARN_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'forewarn')
  if (makeWritable(wished)) return wished
  const fallback = join(tmpdir(), `forewarn-cache-${userInfo().uid}`)
  mkdirSync(fallback, { recursive: true, mode: 0o700 })
  return fallback
}

/** @param {string} folder */
function makeWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    return isWritable(folder)
  } catch {
    return false
  }
}

/** @param {string} folder */
export function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Folder of an installed package as the program itself would find it, or null.
 * @param {string} name
 * @param {string} from folder to look from
 */
export function packageFolder(name, from = ROOT) {
  try {
    return dirname(createRequire(join(from, 'package.json')).resolve(`${name}/package.json`))
  } catch {
    return null
  }
}

/**
 * Removes what interrupted set-ups left in a folder: entries that begin so. Only with the lock held.
 * @param {string} folder
 * @param {string} prefix
 */
export async function removeLeftovers(folder, prefix) {
  if (!existsSync(folder)) return
  const left = (await readdir(folder)).filter((name) => name.startsWith(prefix))
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
}
