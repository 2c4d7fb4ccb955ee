// @ts-check
/**
 * The project's npm packages. A stamp inside node_modules holds the hash of the lock file that they were installed
 * from; without a stamp npm's own record decides, so that a `npm ci` by hand is not done again. Install scripts stay
 * off: the one that matters (tfjs-node's) downloads from where many networks can't go, and native.mjs does its work.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from './progress.mjs'
import { npmErrorOf, run } from './run.mjs'
import { trouble } from './trouble.mjs'

/** @typedef {{ version?: string, dev?: boolean, devOptional?: boolean, optional?: boolean, link?: boolean }} Entry */
/** @typedef {{ packages: Record<string, Entry> }} LockFile */
/** @typedef {{ lock: string, dev: boolean }} Stamp hash of the lock file; whether development packages are there */

const STAMP = 'node_modules/.forewarn-packages.json'

/**
 * True when what the lock file wants is installed, with the development packages if `dev`.
 * @param {string} root
 * @param {boolean} dev
 */
export function packagesAreThere(root, dev) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const lock = createHash('sha256').update(lockText).digest('hex')
  const stamp = readJson(join(root, STAMP))
  if (stamp !== null && stamp.lock === lock && (stamp.dev || !dev)) return true
  const record = readJson(join(root, 'node_modules/.package-lock.json'))
  if (record === null || missingPackages(JSON.parse(lockText), record, dev).length > 0) return false
  writeStamp(root, { lock, dev: missingPackages(JSON.parse(lockText), record, true).length === 0 })
  return true
}

/**
 * Paths of the packages that the lock file wants and npm's record of the folder lacks or has in another version.
 * Optional ones (other platforms' binaries) may be absent.
 * @param {LockFile} wanted
 * @param {LockFile} installed
 * @param {boolean} dev
 */
export function missingPackages(wanted, installed, dev) {
  return Object.entries(wanted.packages)
    .filter(([path, entry]) => path !== '' && !entry.optional && !entry.link)
    .filter(([, entry]) => dev || !(entry.dev || entry.devOptional))
    .filter(([path, entry]) => installed.packages[path]?.version !== entry.version)
    .map(([path]) => path)
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
export async function bringPackages(root, env = process.env) {
  // NODE_ENV=production would leave out the compiler that a clone needs: say outright that we want it.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']
  const outcome = await step('packages: npm ci', () => run(...npm(args), { cwd: root, env }))
  if (!outcome.ok) {
    throw trouble(
      `the packages could not be installed:\n${npmErrorOf(outcome.output)}`,
      'check that the package registry can be reached (npm ping; npm config get registry), then start again',
    )
  }
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  writeStamp(root, { lock: createHash('sha256').update(lockText).digest('hex'), dev: true })
}

/**
 * The npm that belongs to this Node where npm started us, else the one on the PATH.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function npm(args, env = process.env) {
  const cli = env.npm_execpath
  return cli && /npm-cli\.c?js$/.test(cli) && existsSync(cli)
    ? [process.execPath, [cli, ...args]]
    : ['npm', args]
}

/**
 * Installs one package of an exact version into a folder of its own in the cache, once.
 * @param {string} cache
 * @param {string} name
 * @param {string} version
 * @returns {Promise<string>} the package's folder
 */
export async function bringSinglePackage(cache, name, version) {
  const prefix = singlePackagePrefix(cache, name, version)
  const folder = join(prefix, 'node_modules', name)
  if (readJson(join(folder, 'package.json'))?.version === version && existsSync(join(prefix, '.complete')))
    return folder
  const args = ['install', '--prefix', prefix, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  const outcome = await step(`packages: ${name} ${version} into the cache`, () =>
    run(...npm([...args, `${name}@${version}`])),
  )
  if (!outcome.ok) {
    throw trouble(
      `npm could not install ${name}@${version}: ${npmErrorOf(outcome.output)}`,
      'check that the package registry can be reached (npm ping; npm config get registry), then start again',
    )
  }
  writeFileSync(join(prefix, '.complete'), '')
  return folder
}

/**
 * The folder that such a package is installed under.
 * @param {string} cache
 * @param {string} name
 * @param {string} version
 */
export function singlePackagePrefix(cache, name, version) {
  return join(cache, 'packages', `${name.replaceAll('/', '+')}-${version}`)
}

/**
 * @param {string} root
 * @param {Stamp} stamp
 */
function writeStamp(root, stamp) {
  writeFileSync(join(root, STAMP), JSON.stringify(stamp))
}

/** @param {string} path */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
