// @ts-check
/**
 * The program as a few files: dist/src/main.js with its chunks, our sources and the packages that are plain JavaScript
 * together. Node takes half the time to start from them as from two thousand small files. What brings files or binaries of its
 * own stays a package.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readJson } from './packages.mjs'
import { trouble } from './trouble.mjs'

/** Loaded from node_modules as they are: native libraries, and packages of which single files are asked for. */
const PACKAGES = ['@node-rs/crc32', '@tensorflow/*', 'kafkajs', 'lmdb', 'msgpackr', 'uplot']
/** CommonJS packages in a bundle ask for Node's own modules by `require`. */
const BANNER =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"
const CHUNKS = 'chunks'

/**
 * @param {string} root
 * @param {string} outDir dist/ in the making; its src/main.js is replaced
 * @param {string} esbuild folder of the package
 */
export async function bundle(root, outDir, esbuild) {
  /** @type {typeof import('esbuild')} */
  const { build } = await import(pathToFileURL(join(esbuild, 'lib/main.js')).href)
  const outdir = join(outDir, 'src')
  rmSync(join(outdir, 'main.js.map'), { force: true })
  try {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/main.ts'],
      outdir,
      chunkNames: `${CHUNKS}/[name]-[hash]`,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: PACKAGES,
      banner: { js: BANNER },
      sourcemap: true,
      sourcesContent: false,
      metafile: true,
      logLevel: 'silent',
    })
    writeFileSync(join(outdir, CHUNKS, 'LICENSES.txt'), licences(root, Object.keys(metafile.inputs)))
  } catch (error) {
    throw trouble(`the program can't be put together: ${String(error)}`, 'mend what it names: npm run check')
  }
}

/**
 * Their authors ask that it goes along with their code.
 * @param {string} root
 * @param {readonly string[]} inputs files that the bundle is made of
 */
function licences(root, inputs) {
  const folders = new Set(inputs.flatMap((file) => packageOf(root, file) ?? []))
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = readJson(join(folder, 'package.json'))
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
    return `${name} ${version} (${license})\n\n${text}`
  })
  return `${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`
}

/**
 * Folder of the package that a file belongs to; null for our own.
 * @param {string} root
 * @param {string} file
 */
function packageOf(root, file) {
  if (!file.includes('node_modules/')) return null
  let folder = dirname(join(root, file))
  // Folders inside a package may have a package.json that only says how to read their files.
  while (!existsSync(join(folder, 'package.json')) || !readJson(join(folder, 'package.json'))?.version) {
    folder = dirname(folder)
  }
  return folder
}
