/**
 * The house rules as functions: a source file in, sentences about broken rules out. `tests/tidy.test.ts` holds the
 * project to them and shows on bad samples that each can fail.
 */
import { codeOf, functionsOf, importsOf, type SourceFile } from './source-text.ts'

export type Rule = (file: SourceFile) => string[]

const MOST_FILE_LINES = 300
/** Lines of a function, without those of the functions within it. */
const MOST_OWN_LINES = 60
/** Lines of a factory with all that it closes over. */
const MOST_FACTORY_LINES = 200

/**
 * Which folders of `src` a folder may import, besides itself. Siblings never import each other; `app` hands them
 * what they need of one another.
 */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['core'],
  formats: ['core'],
  eventlog: ['core'],
  engine: ['core'],
  ingest: ['core'],
  model: ['core'],
  http: ['core'],
  sinks: ['core'],
  observe: ['core'],
  training: ['core', 'formats', 'model'],
  app: ['core', 'formats', 'eventlog', 'engine', 'ingest', 'model', 'http', 'sinks', 'observe'],
  chaos: ['core', 'eventlog', 'engine', 'app'],
  commands: [
    'core',
    'config',
    'formats',
    'eventlog',
    'engine',
    'model',
    'observe',
    'training',
    'app',
    'chaos',
  ],
}

/** Everybody may know the types of the settings. */
const SETTINGS = 'src/config/settings.ts'

/** Where a package may be imported; `core` is pure, so what it imports must be, too. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  lmdb: ['src/eventlog/lmdb'],
  kafkajs: ['src/eventlog/kafka'],
  fzstd: ['src/eventlog/kafka'],
  '@node-rs/crc32': ['src/eventlog/kafka'],
  snappyjs: ['src/eventlog/kafka'],
  mqtt: ['src/ingest/', 'src/sinks/mqtt', 'simulators/publish'],
  aedes: ['src/ingest/'],
  '@tensorflow/tfjs': ['src/model/', 'src/training/'],
  '@tensorflow/tfjs-node': ['src/model/'],
  '@tensorflow/tfjs-backend-wasm': ['src/model/'],
  fastify: ['src/http/'],
  '@fastify/helmet': ['src/http/'],
  '@fastify/rate-limit': ['src/http/'],
  '@fastify/static': ['src/http/'],
  '@fastify/swagger': ['src/http/'],
  pino: ['src/observe/'],
  'prom-client': ['src/observe/'],
  commander: ['src/commands/'],
  yaml: ['src/config/', 'src/formats/'],
  'csv-parse': ['src/formats/'],
  luxon: ['src/formats/'],
  'secure-json-parse': ['src/formats/', 'src/http/'],
  'd3-scale': ['src/training/report'],
  'd3-shape': ['src/training/report'],
  msgpackr: ['src/core/state'],
  typebox: ['src/core/', 'src/config/', 'src/engine/', 'src/formats/', 'src/http/', 'src/model/'],
}

const PURE_PACKAGES = ['typebox', 'msgpackr']

/** Folder of `src` that a path is in; `main.ts` and everything outside of `src` have none. */
function folderOf(path: string): string | null {
  return /^src\/(\w+)\//.exec(path)?.[1] ?? null
}

/** `@scope/name/part` → `@scope/name`, `name/part` → `name`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

export const importDirection: Rule = (file) => {
  const folder = folderOf(file.path)
  return importsOf(file).flatMap(({ from, isOwn, typesOnly }) => {
    if (!isOwn || (from === SETTINGS && typesOnly)) return []
    if (file.path === 'src/main.ts')
      return from.startsWith('src/commands/') ? [] : [`imports ${from}, not a command`]
    if (folder === null) return file.path.startsWith('simulators/') ? simulatorImport(from) : []
    const target = folderOf(from)
    if (from.startsWith('simulators/'))
      return ['commands', 'training', 'chaos'].includes(folder) ? [] : [`imports ${from}`]
    if (target === folder) return []
    return target !== null && DIRECTIONS[folder]?.includes(target) ? [] : [`${folder} imports ${from}`]
  })
}

/** Simulators know the outside contract and nothing else of the program. */
function simulatorImport(from: string): string[] {
  return from.startsWith('simulators/') || from.startsWith('src/core/') ? [] : [`a simulator imports ${from}`]
}

export const packageHomes: Rule = (file) => {
  if (!/^(src|simulators)\//.test(file.path)) return []
  return importsOf(file).flatMap(({ from, isOwn }) => {
    // The page has no build step: it imports what the server serves.
    if (isOwn || (from.startsWith('/') && file.path.startsWith('src/http/ui/'))) return []
    if (from.startsWith('node:')) return folderOf(file.path) === 'core' ? [`core imports ${from}`] : []
    const name = packageOf(from)
    if (folderOf(file.path) === 'core' && !PURE_PACKAGES.includes(name)) return [`core imports ${name}`]
    const homes = HOMES[name]
    if (homes === undefined) return [`imports ${name}, which has no home yet: name one in HOMES`]
    return homes.some((home) => file.path.startsWith(home))
      ? []
      : [`imports ${name}, whose home is ${homes.join(', ')}`]
  })
}

/** The shell of the simulators: it waits and sends; all others only compute. */
const SHELLS = /^simulators\/(publish|pace|send)/

const IMPURE: Readonly<Record<string, RegExp>> = {
  'the wall clock': /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/,
  randomness: /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/,
  timers: /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
}
const OUTSIDE: Readonly<Record<string, RegExp>> = {
  'the process': /\bprocess\.|\bconsole\./,
  'waiting of any kind': /\basync\b|\bawait\b|\bPromise\b/,
}

export const purity: Rule = ({ path, text }) => {
  const isCore = path.startsWith('src/core/')
  const isPure =
    isCore || path.startsWith('src/training/') || (path.startsWith('simulators/') && !SHELLS.test(path))
  if (!isPure) return []
  // The ports are types of what others wait for.
  const forbidden = isCore && path !== 'src/core/ports.ts' ? { ...IMPURE, ...OUTSIDE } : IMPURE
  return findings(codeOf(text), forbidden, 'uses')
}

const NEVER: Readonly<Record<string, RegExp>> = {
  any: /[:<,|&(=]\s*any\b(?!\s*[(.=:?])|\bas any\b|\bany\[\]/,
  'as unknown as': /\bas unknown as\b/,
  'inheritance (of more than Error)': /\bclass\b[^{]*\bextends (?!Error\b)/,
  'only or skip': /\b(test|it|describe)(\.\w+)*\.(only|skip|todo)\b/,
}
const NEVER_WRITTEN: Readonly<Record<string, RegExp>> = {
  'an empty catch': /\bcatch\s*(\(\w+\))?\s*\{\s*\}|\.catch\(\(\w*\) => (\{\s*\}|undefined|null)\)/,
  'a silenced compiler': /@ts-(ignore|expect-error|nocheck)/,
  'work left undone': /\b(TODO|FIXME|XXX|HACK)\b/,
  'a place on one machine': /\/(home|Users)\/\w+\/|\/work\//,
}

export const neverWritten: Rule = ({ path, text }) => [
  ...findings(codeOf(text), NEVER, 'has'),
  // This file and its test must name what they forbid.
  ...(/house-rules|tidy\.test/.test(path) ? [] : findings(text, NEVER_WRITTEN, 'has')),
]

function findings(text: string, patterns: Readonly<Record<string, RegExp>>, verb: string): string[] {
  return Object.entries(patterns).flatMap(([what, pattern]) => {
    const found = pattern.exec(text)
    if (found === null) return []
    const line = text.slice(0, found.index).split('\n').length
    return [`line ${line} ${verb} ${what}: ${found[0].trim()}`]
  })
}

const BANNED_NAME = /^(index|types?|utils?|helpers?|common|misc|shared|lib|constants)\.\w+$|Manager/i

export const fileNames: Rule = ({ path }) => {
  const name = path.split('/').at(-1)!
  return BANNED_NAME.test(name) ? [`${name} says nothing about what is in it; name it by its one noun`] : []
}

export const sizes: Rule = ({ path, text }) => {
  const lines = text.trimEnd().split('\n').length
  const long = lines > MOST_FILE_LINES ? [`${lines} lines, at most ${MOST_FILE_LINES}`] : []
  if (path.startsWith('tests/')) return long
  return [
    ...long,
    ...functionsOf(text).flatMap(({ name, line, lines: all, ownLines }) => {
      if (ownLines > MOST_OWN_LINES)
        return [`line ${line}: ${ownLines} lines, at most ${MOST_OWN_LINES}: ${name}`]
      return all > MOST_FACTORY_LINES
        ? [`line ${line}: ${all} lines, at most ${MOST_FACTORY_LINES}: ${name}`]
        : []
    }),
  ]
}

export const headers: Rule = ({ path, text }) => {
  if (path.endsWith('.test.ts')) return []
  const first = text
    .replace(/^#!.*\n/, '')
    .replace(/^\s*\/\/ @ts-check\s*\n/, '')
    .trimStart()
  return /^(\/\*|\/\/)[\s*]*[A-Z`'"]/i.test(first) ? [] : ['does not begin with a comment on what it is for']
}
