/**
 * Where settings come from: flags win over `FOREWARN_*` variables, these over the file, this over defaults.
 * The result remembers which of them gave each setting, for `config print`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { Value } from 'typebox/value'
import { parse as parseYaml } from 'yaml'
import { failure, messageOf } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { findings, isSecret } from './check.ts'
import { resolveSettings } from './resolve.ts'
import { ConfigFile } from './schema.ts'
import { FILE_SUFFIX, readSecret } from './secret-file.ts'
import type { Settings } from './settings.ts'

export const DEFAULT_FILE = 'forewarn.yaml'

/** Other names that a setting is known by. */
const OTHER_NAMES: Readonly<Record<string, string>> = { FOREWARN_ASSETS_FORGET_AFTER: 'limits.forgetAfter' }

/** Variables with our prefix that are no settings: the set-up's, the tests' and the file's own name. */
const OTHER_VARIABLES = /^FOREWARN_(CACHE|NATIVE|TFJS|DATA|SETUP|CONFIG|START)(_|$)/

export type Source = 'default' | 'file' | 'variable' | 'flag'

export interface LoadOptions {
  /** `--config F`; without it `forewarn.yaml` here is read if it exists. */
  readonly file: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Dotted key → value. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly modelsDir: string
  /** Settings of a command that needs no file, such as the demo. */
  readonly base?: Readonly<Record<string, unknown>>
}

export interface Loaded {
  readonly settings: Settings
  /** Effective settings as the file would have them. */
  readonly config: ConfigFile
  /** Source of each dotted key. */
  readonly sources: ReadonlyMap<string, Source>
  readonly file: string | null
}

type Tree = Record<string, unknown>

/** @throws failure 'config' that names each wrong key, its value and what would be right */
export function loadConfig(options: LoadOptions): Loaded {
  const file = options.file ?? options.env.FOREWARN_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null)
  const tree: Tree = options.base ? structuredClone(options.base) : file === null ? {} : readFile(file)
  takeAssetsSection(tree)
  const sources = new Map<string, Source>()
  for (const key of leaves(tree)) sources.set(key, 'file')
  for (const [key, value] of variables(options.env)) {
    setAt(tree, key, value)
    sources.set(key, 'variable')
  }
  for (const [key, value] of Object.entries(options.flags)) {
    if (value === undefined) continue
    setAt(tree, key, value)
    sources.set(key, 'flag')
  }
  const config = Value.Default(ConfigFile, tree)
  const wrong = findings(config)
  if (wrong.length > 0) {
    throw failure('config', [`wrong config${file === null ? '' : ` (${file})`}:`, ...wrong].join('\n  '))
  }
  return {
    settings: resolveSettings(config as ConfigFile, options.modelsDir),
    config: config as ConfigFile,
    sources,
    file,
  }
}

/** Effective settings with secrets hidden, one `key: value  # source` a line. */
export function printConfig({ config, sources }: Loaded): string {
  return leaves({ ...config })
    .map((key) => {
      const value = key.split('.').reduce<unknown>((at, part) => (at as Tree | undefined)?.[part], config)
      const shown = isSecret(key.split('.')) ? '(hidden)' : JSON.stringify(value)
      return `${key}: ${shown}  # ${sources.get(key) ?? 'default'}`
    })
    .join('\n')
}

function readFile(file: string): Tree {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw failure('config', `can't read the config file ${file}: ${messageOf(error)}`, error)
  }
  try {
    const parsed: unknown = parseYaml(text)
    if (parsed === null || parsed === undefined) return {}
    if (typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as Tree
  } catch (error) {
    throw failure('config', `${file} is no YAML: ${messageOf(error)}`, error)
  }
  throw failure('config', `${file} must hold sections such as mqtt, log, pipelines`)
}

/**
 * `assets` is a list of groups, or a section of `groups` and what holds for all of them: `forgetAfter`, which is kept
 * with the other limits.
 */
function takeAssetsSection(tree: Tree): void {
  const { assets } = tree
  if (typeof assets !== 'object' || assets === null || Array.isArray(assets)) return
  const { forgetAfter, groups = [], ...others } = assets as Tree
  if (Object.keys(others).length > 0) return
  tree.assets = groups
  if (forgetAfter !== undefined) setAt(tree, 'limits.forgetAfter', forgetAfter)
}

/** Settings among the variables, as dotted key and value of the schema's type; secrets also by their files. */
function variables(env: LoadOptions['env']): [string, unknown][] {
  const settings = settingKeys({ ...ConfigFile })
  const scalars = new Map(
    settings.filter(({ type }) => type !== 'object').map((setting) => [variableName(setting.key), setting]),
  )
  for (const [name, key] of Object.entries(OTHER_NAMES)) {
    const setting = settings.find((one) => one.key === key)
    if (setting) scalars.set(name, setting)
  }
  const secrets = new Map(
    settings
      .filter(({ key }) => isSecret(key.split('.')))
      .map((setting) => [variableName(setting.key) + FILE_SUFFIX, setting]),
  )
  return Object.entries(env).flatMap(([name, text]): [string, unknown][] => {
    if (!name.startsWith('FOREWARN_') || text === undefined || OTHER_VARIABLES.test(name)) return []
    const setting = scalars.get(name)
    if (setting) return [[setting.key, setting.type === 'string' ? text : scalar(text)]]
    const secret = secrets.get(name)
    if (!secret) {
      const near = nearest(name, [...scalars.keys(), ...secrets.keys()])
      throw failure(
        'config',
        `variable ${name} is no setting; ${near ? `did you mean ${near}?` : 'see forewarn config print'}`,
      )
    }
    const beside = variableName(secret.key)
    if (env[beside] !== undefined) {
      throw failure('config', `variables ${beside} and ${name} give one setting twice; take one of them out`)
    }
    return [[secret.key, readSecret(name, text, secret.type === 'object')]]
  })
}

/** `log.maxBytes` → `FOREWARN_LOG_MAX_BYTES`. */
export function variableName(key: string): string {
  return `FOREWARN_${key
    .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('.', '_')
    .toUpperCase()}`
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

/** Settings that a variable can give: single values, and records of them (`object`) such as `mqtt.users`. */
function settingKeys(schema: Tree, prefix = ''): { key: string; type: unknown }[] {
  return Object.entries((schema.properties ?? {}) as Record<string, Tree>).flatMap(([name, child]) => {
    const key = prefix + name
    if (child.properties) return settingKeys(child, `${key}.`)
    return child.type === 'array' ? [] : [{ key, type: child.anyOf ? 'string' : child.type }]
  })
}

function setAt(tree: Tree, key: string, value: unknown): void {
  const parts = key.split('.')
  const last = parts.pop()!
  let at = tree
  for (const part of parts) {
    const next = at[part]
    if (typeof next !== 'object' || next === null) at[part] = {}
    at = at[part] as Tree
  }
  at[last] = value
}

function leaves(tree: Tree, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && Object.keys(value).length > 0
      ? leaves(value as Tree, `${prefix}${name}.`)
      : [prefix + name],
  )
}
