/**
 * Model folders on disk, `models/NAME/VERSION/`: find the one that a config names, read it, check every part of
 * it, write a new one. Nothing is served that was not checked here.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, messageOf } from '../core/errors.ts'
import { type Manifest, MODEL_NAME, MODEL_VERSION, parseManifest } from './manifest.ts'
import type { NetworkFiles } from './network.ts'

const NETWORK_FILES = { topology: 'model.json', weights: 'weights.bin' } as const

export interface ModelFolder extends NetworkFiles {
  readonly path: string
  readonly manifest: Manifest
  /** sha256 over the manifest, which holds those of the other files. */
  readonly hash: string
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * @param dir the folder of all models
 * @param wanted NAME (its newest version) or NAME@VERSION
 * @returns path of the version's folder
 * @throws Failure `model` that says which there are
 */
export async function findModel(dir: string, wanted: string): Promise<string> {
  const [name = '', version, more] = wanted.split('@')
  if (
    !MODEL_NAME.test(name) ||
    more !== undefined ||
    (version !== undefined && !MODEL_VERSION.test(version))
  ) {
    throw failure(
      'model',
      `'${wanted}' names no model: write NAME or NAME@VERSION, such as pump-health@1.0.0`,
    )
  }
  const versions = (await namesIn(join(dir, name)))
    .filter((entry) => MODEL_VERSION.test(entry))
    .sort(byVersion)
  if (versions.length === 0) {
    const names = (await namesIn(dir)).filter((entry) => MODEL_NAME.test(entry)).sort()
    throw failure('model', `no model ${name} in ${dir}; there are: ${names.join(', ') || 'none'}`)
  }
  if (version !== undefined && !versions.includes(version)) {
    throw failure(
      'model',
      `model ${name} in ${dir} has no version ${version}; there are: ${versions.join(', ')}`,
    )
  }
  return join(dir, name, version ?? versions[versions.length - 1]!)
}

/** Names in a folder; none when it is not there. */
async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw failure('model', `can't list ${dir}: ${messageOf(error)}`, error)
  }
}

/** Ascending by each number; 1.10.0 is newer than 1.9.0. */
function byVersion(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  const at = left.findIndex((number, i) => number !== right[i])
  return at < 0 ? 0 : left[at]! - right[at]!
}

/**
 * Reads a version's folder and checks all of it: the manifest against its schema, itself and this program, the
 * folder's names against it, the files against their hashes.
 * @throws Failure `model` that names file and field
 */
export async function readModel(path: string): Promise<ModelFolder> {
  const where = join(path, 'manifest.json')
  const text = (await readPart(where)).toString('utf8')
  const manifest = parseManifest(text, where)
  const parts = path.split(/[\\/]/).filter(Boolean)
  const [name, version] = parts.slice(-2)
  if (name !== manifest.name || version !== manifest.version) {
    throw failure(
      'model',
      `${where}: name and version are ${manifest.name} and ${manifest.version}, the folder says ${name} and ${version}`,
    )
  }
  const topology = await readHashed(path, NETWORK_FILES.topology, manifest)
  const weights = await readHashed(path, NETWORK_FILES.weights, manifest)
  return { path, manifest, topology: topology.toString('utf8'), weights, hash: sha256(text) }
}

async function readHashed(path: string, file: keyof Manifest['files'], manifest: Manifest): Promise<Buffer> {
  const bytes = await readPart(join(path, file))
  const found = sha256(bytes)
  if (found === manifest.files[file]) return bytes
  throw failure(
    'model',
    `${join(path, file)} has sha256 ${found}, the manifest's files.${file} is ${manifest.files[file]}: ` +
      'the file was changed or cut short; bring the folder again',
  )
}

async function readPart(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw failure('model', `can't read ${path}: ${messageOf(error)}`, error)
  }
}

/**
 * Writes a version's folder beside its place and moves it there in one step, so that nobody meets half a model.
 * @param dir the folder of all models
 * @param card text of README.md
 * @param replace a version that is there gives way; without it that is an error
 * @returns path of the version's folder, and which of its files differ from those that were there
 */
export async function writeModel(
  dir: string,
  manifest: Manifest,
  files: NetworkFiles,
  card: string,
  replace = false,
): Promise<{ readonly path: string; readonly changed: readonly string[] }> {
  const path = join(dir, manifest.name, manifest.version)
  const there = await namesIn(path)
  if (there.length > 0 && !replace) {
    throw failure('conflict', `${path} is there already; --replace writes over it, another version leaves it`)
  }
  const contents: readonly (readonly [string, Uint8Array])[] = [
    [NETWORK_FILES.topology, Buffer.from(files.topology)],
    [NETWORK_FILES.weights, files.weights],
    ['manifest.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)],
    ['README.md', Buffer.from(card)],
  ]
  const fresh = `${path}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  const changed: string[] = []
  for (const [name, bytes] of contents) {
    await writeFile(join(fresh, name), bytes)
    if (!there.includes(name) || sha256(await readPart(join(path, name))) !== sha256(bytes))
      changed.push(name)
  }
  await rm(path, { recursive: true, force: true })
  await rename(fresh, path)
  return { path, changed }
}
