// @ts-check
/**
 * The cache of native libraries: one folder for each way, versions and system, filled aside and renamed into place,
 * with the hash of every file. From there into a tfjs-node folder by hard link (no second 600 MB), by symbolic link
 * to another disk, by copy where neither can be.
 */
import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import {
  copyFile,
  link,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { readJson } from '../packages.mjs'
import { TFJS_NODE } from '../places.mjs'
import { BINDING, SYSTEM } from './load.mjs'

/** @typedef {Record<string, { bytes: number, sha256: string }>} Files path in the tfjs-node folder → what it holds */

/**
 * @param {string} cache
 * @param {string} way
 */
export function storeFolder(cache, way) {
  const napi = BINDING.split('/')[1]
  return join(cache, 'native', `${SYSTEM}-tfjs-node-${TFJS_NODE.version}-${napi}-${way}`)
}

/**
 * The files that the store holds for a way; null when it holds none, or others than it says.
 * @param {string} folder
 * @returns {Promise<Files | null>}
 */
export async function storedFiles(folder) {
  /** @type {Files | null} */
  const files = readJson(join(folder, 'files.json'))
  if (files === null) return null
  for (const [path, { bytes, sha256 }] of Object.entries(files)) {
    const found = statSync(join(folder, path), { throwIfNoEntry: false })
    if (found?.size !== bytes || (await hashOf(join(folder, path))) !== sha256) {
      await rm(folder, { recursive: true, force: true })
      return null
    }
  }
  return files
}

/**
 * Makes a staged folder a store: lists and hashes its files, then renames it into place.
 * @param {string} staged
 * @param {string} folder
 * @returns {Promise<Files>}
 */
export async function keep(staged, folder) {
  /** @type {Files} */
  const files = {}
  for (const path of await filesIn(staged)) {
    const { size } = await stat(join(staged, path))
    files[path] = { bytes: size, sha256: await hashOf(join(staged, path)) }
  }
  await writeFile(join(staged, 'files.json'), JSON.stringify(files, null, 1))
  await rm(folder, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  await rename(staged, folder)
  return files
}

/**
 * Puts files of one folder at the same places under another, each in one instant.
 * @param {readonly string[]} paths
 * @param {string} from
 * @param {string} to
 */
export async function place(paths, from, to) {
  for (const path of paths) {
    const target = join(to, path)
    const aside = `${target}.new-${process.pid}`
    await mkdir(dirname(target), { recursive: true })
    await rm(aside, { force: true })
    await linkOrCopy(await realpath(join(from, path)), aside)
    await rename(aside, target)
    // Renaming one hard link of a file over another of it does nothing, by POSIX: the name aside would stay.
    await rm(aside, { force: true })
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
async function linkOrCopy(from, to) {
  for (const way of [link, symlink, copyFile]) {
    try {
      await way(from, to)
      return
    } catch (error) {
      if (way === copyFile) throw error
    }
  }
}

/**
 * Regular files and links under a folder, as paths from it.
 * @param {string} folder
 */
export async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
}

/** @param {string} path */
async function hashOf(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
