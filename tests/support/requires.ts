/**
 * What a test needs beyond the packages: programs, the shared recordings, native TensorFlow. Where it is missing the
 * tests that need it are skipped and the reason is printed; with REQUIRE_ALL=1 (.ci/run) that is a failure, except
 * for what REQUIRE_EXCEPT lists (comma-separated). Use: `describe.skipIf(requires('mosquitto').missing)('…', …)`.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KAFKA_VERSION } from '../../bin/setup/kafka/jars.mjs'
import { cacheFolder } from '../../bin/setup/places.mjs'

export interface Requirement {
  /** Full path of the program, folder or file; empty when it is missing. */
  readonly path: string
  /** Why it is missing and what would bring it; null when it is there. */
  readonly missing: string | null
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Where Debian keeps daemons, which is not on every user's PATH. */
const DAEMON_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

const FINDERS = {
  mosquitto: () => program(['mosquitto'], 'apt-get install mosquitto'),
  mosquitto_sub: () => program(['mosquitto_sub'], 'apt-get install mosquitto-clients'),
  mosquitto_pub: () => program(['mosquitto_pub'], 'apt-get install mosquitto-clients'),
  chromium: () => program(['chromium', 'chromium-browser', 'google-chrome'], 'apt-get install chromium'),
  compiler: () => program(['g++', 'c++', 'clang++'], 'apt-get install g++'),
  java: () => program(['java'], 'apt-get install default-jre-headless'),
  openssl: () => program(['openssl'], 'apt-get install openssl'),
  prometheus: () => program(['prometheus'], 'apt-get install prometheus'),
  promtool: () => program(['promtool'], 'apt-get install prometheus'),
  kafka,
  native: nativeTensorFlow,
  'shared-data': () => sharedData(),
  tmpfs: mountable,
} as const

export type RequirementName = keyof typeof FINDERS

/** Printed once for each test file, not once for each test. */
const printed = new Set<string>()

/**
 * @param name what is needed
 * @param file for `shared-data`: a file of that folder, whose path is answered
 * @throws with REQUIRE_ALL=1 when it is missing
 */
export function requires(name: RequirementName, file?: string): Requirement {
  const requirement = file === undefined ? FINDERS[name]() : sharedData(file)
  if (requirement.missing === null) return requirement
  const reason = `skipped for want of ${name}: ${requirement.missing}`
  if (isFailure(name, process.env)) throw new Error(`REQUIRE_ALL=1, but ${reason}`)
  if (!printed.has(reason)) console.warn(reason)
  printed.add(reason)
  return requirement
}

/** Exported for its test. */
export function isFailure(name: RequirementName, env: NodeJS.ProcessEnv): boolean {
  if (env.REQUIRE_ALL !== '1') return false
  return !(env.REQUIRE_EXCEPT ?? '').split(',').includes(name)
}

function program(names: readonly string[], remedy: string): Requirement {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS]
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (path !== undefined) return { path, missing: null }
  }
  return { path: '', missing: `no ${names.join(' or ')} on the PATH (Debian: ${remedy})` }
}

/** Real brokers need Java, and Maven to bring them unless they are in the cache. */
function kafka(): Requirement {
  const java = program(['java'], 'apt-get install default-jre-headless')
  if (java.missing !== null || existsSync(join(cacheFolder(), 'kafka', KAFKA_VERSION))) return java
  const maven = program(['mvn'], 'apt-get install maven')
  return maven.missing === null ? java : maven
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function sharedData(file = ''): Requirement {
  const path = join(process.env.FOREWARN_DATA || join(ROOT, '../shared/data'), file)
  if (existsSync(path)) return { path, missing: null }
  return { path: '', missing: `${path} is not there (FOREWARN_DATA names the folder of recordings)` }
}

/** A disk of a few MiB, to fill it up. */
function mountable(): Requirement {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir])
  if (mounted.status === 0) spawnSync('umount', [dir])
  rmdirSync(dir)
  if (mounted.status === 0) return { path: 'mount', missing: null }
  return { path: '', missing: 'a tmpfs may not be mounted here (root on Linux may)' }
}

/** As `npm test` left word of it; without that, by the binding's file. */
function nativeTensorFlow(): Requirement {
  const folder = process.env.FOREWARN_TFJS_NODE || join(ROOT, 'node_modules/@tensorflow/tfjs-node')
  const isWished = process.env.FOREWARN_NATIVE !== 'wasm'
  if (isWished && existsSync(join(folder, 'lib/napi-v8/tfjs_binding.node')))
    return { path: folder, missing: null }
  return { path: '', missing: 'TensorFlow runs on WebAssembly here (bin/forewarn doctor says why)' }
}
