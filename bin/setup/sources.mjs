// @ts-check
/**
 * Whether dist/ is still what the sources make. Two prints of the sources: one of names, sizes and times (a few
 * milliseconds), and one of contents, asked only when the first differs, so that a fresh checkout of the same files
 * builds nothing.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from './packages.mjs'

/** What the build reads; those that a package does not carry are passed over. */
const SOURCES = ['src', 'simulators', 'bench', 'tsconfig.json', 'tsconfig.build.json']
const STAMP = 'dist/.built.json'
const ENTRY = 'dist/src/main.js'

/** @typedef {{ times: string, contents: string }} Print */

/** @param {string} root */
export function distIsFresh(root) {
  if (!existsSync(join(root, ENTRY))) return false
  const stamp = readJson(join(root, STAMP))
  if (stamp === null) return false
  const files = sourceFiles(root)
  const times = printOfTimes(root, files)
  if (times === stamp.times) return true
  if (printOfContents(root, files) !== stamp.contents) return false
  writeFileSync(join(root, STAMP), JSON.stringify({ times, contents: stamp.contents }))
  return true
}

/**
 * @param {string} root
 * @returns {Print}
 */
export function printOfSources(root) {
  const files = sourceFiles(root)
  return { times: printOfTimes(root, files), contents: printOfContents(root, files) }
}

/**
 * Writes the stamp into a folder that becomes dist/.
 * @param {string} folder
 * @param {Print} print taken before the build: what changes during it is then built the next time
 */
export function stampBuild(folder, print) {
  writeFileSync(join(folder, '.built.json'), JSON.stringify(print))
}

/**
 * Source files, sorted, as paths from the root.
 * @param {string} root
 */
export function sourceFiles(root) {
  /** @type {string[]} */
  const files = []
  const walk = (/** @type {string} */ path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isDirectory()) files.push(path)
    else for (const name of readdirSync(join(root, path))) walk(`${path}/${name}`)
  }
  for (const path of SOURCES) walk(path)
  return files.sort()
}

/**
 * @param {string} root
 * @param {readonly string[]} files
 */
function printOfTimes(root, files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file))
    hash.update(`${file}\n${size}\n${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/**
 * @param {string} root
 * @param {readonly string[]} files
 */
function printOfContents(root, files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(root, file)))
      .update('\n')
  return hash.digest('hex')
}
