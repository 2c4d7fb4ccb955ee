// @ts-check
/**
 * Makes dist/ from the sources: the compiler's output, what stands beside the sources as it is (the page's files), and
 * the program put together of both (`bundle.mjs`).
 * It is made aside and put in place whole, so that a broken or interrupted build leaves the old one.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundle } from './bundle.mjs'
import { bringSinglePackage } from './packages.mjs'
import { isWritable, packageFolder, removeLeftovers } from './places.mjs'
import { step } from './progress.mjs'
import { endOf, run } from './run.mjs'
import { printOfSources, sourceFiles, stampBuild } from './sources.mjs'
import { trouble } from './trouble.mjs'

/** Used where the package was packed without dist/; in a clone they are development packages of these versions. */
const TYPESCRIPT_VERSION = '7.0.2'
const ESBUILD_VERSION = '0.28.2'
const NEW = 'dist.new-'
const OLD = 'dist.old-'

/**
 * @param {string} root
 * @param {string} cache
 */
export async function buildDist(root, cache) {
  if (!isWritable(root)) {
    throw trouble(
      `dist/ is missing and ${root} can't be written`,
      'build it as the owner of that folder: npm run build',
    )
  }
  const inClone = packageFolder('typescript', root)
  const typescript = inClone ?? (await bringSinglePackage(cache, 'typescript', TYPESCRIPT_VERSION))
  const esbuild =
    packageFolder('esbuild', root) ?? (await bringSinglePackage(cache, 'esbuild', ESBUILD_VERSION))
  const print = printOfSources(root)
  for (const prefix of [NEW, OLD]) await removeLeftovers(root, prefix)
  const aside = join(root, `${NEW}${process.pid}`)
  try {
    await step('build', async () => {
      await compile(root, typescript, aside, inClone === null)
      copyAssets(root, aside)
      await bundle(root, aside, esbuild)
    })
    stampBuild(aside, print)
    replaceFolder(aside, join(root, 'dist'))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/**
 * @param {string} root
 * @param {string} typescript
 * @param {string} outDir
 * @param {boolean} outsideClone a package has no typings to check against: it was checked before it was packed
 */
async function compile(root, typescript, outDir, outsideClone) {
  const args = [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', outDir]
  if (outsideClone) args.push('--noCheck', '--types', '')
  const outcome = await run(process.execPath, args, { cwd: root })
  if (!outcome.ok) {
    throw trouble(
      `the sources do not compile:\n${endOf(outcome.output)}`,
      'mend what the compiler names: npm run check',
    )
  }
}

/**
 * What under src/ and simulators/ is no TypeScript goes along unchanged.
 * @param {string} root
 * @param {string} outDir
 */
function copyAssets(root, outDir) {
  for (const file of sourceFiles(root)) {
    if (/\.[cm]?ts$/.test(file) || file.startsWith('tsconfig')) continue
    mkdirSync(join(outDir, dirname(file)), { recursive: true })
    copyFileSync(join(root, file), join(outDir, file))
  }
}

/**
 * @param {string} fresh
 * @param {string} place
 */
function replaceFolder(fresh, place) {
  const old = join(dirname(place), `${OLD}${process.pid}`)
  if (existsSync(place)) renameSync(place, old)
  renameSync(fresh, place)
  rmSync(old, { recursive: true, force: true })
}
