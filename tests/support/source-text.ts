/** Source files as the house rules read them: which there are, what they import, where their functions are. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

export interface SourceFile {
  /** From the root of the project, with slashes. */
  readonly path: string
  readonly text: string
}

const SOURCE = /\.(ts|mjs|cjs|js)$/

/** All source files below a folder, in order. */
export function sourceFiles(root: string, folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name) && !/^\.|\.min\./.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path: path.slice(root.length).replaceAll('\\', '/').replace(/^\//, ''),
      text: readFileSync(path, 'utf8'),
    }))
}

/** What a token of the source is; a slash opens a regular expression only where a value may begin. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=(?:^|[=(,:[!&|?{};\n]|\breturn)[ \t]*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g

/**
 * The code alone, at the same lines: comments and the contents of texts and regular expressions are blanked.
 * Templates stay as they are, for the code in them.
 */
export function codeOf(text: string): string {
  return text.replace(TOKEN, (token) => {
    const blank = token.replace(/[^\n]/g, ' ')
    return token.startsWith('/') ? blank : `${token[0]}${blank.slice(2)}${token.at(-1)}`
  })
}

export interface Import {
  /** As it is written, or the path from the root of a file of the project. */
  readonly from: string
  readonly isOwn: boolean
  readonly typesOnly: boolean
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)|\brequire\('([^']+)'\)/gm

export function importsOf({ path, text }: SourceFile): Import[] {
  return [...text.matchAll(IMPORT)].map(([, type, ...specifiers]) => {
    const from = specifiers.find((specifier) => specifier !== undefined)!
    const isOwn = from.startsWith('.')
    const typesOnly = type !== undefined
    return { from: isOwn ? posix.join(posix.dirname(path), from) : from, isOwn, typesOnly }
  })
}

export interface FunctionSpan {
  /** The line on which it begins, trimmed. */
  readonly name: string
  /** From 1. */
  readonly line: number
  readonly lines: number
  /** Lines that are not those of a function within it. */
  readonly ownLines: number
}

const NO_FUNCTION =
  /^(\}? ?else|if|for|while|switch|try|\}? ?catch|\}? ?finally|do|return|export (interface|type)|interface|type)\b/
const FUNCTION = /^(export )?(default )?(async )?function\b|=> \{$|^(async |get |set |\*)*[\w$#]+(<[^(]*>)?\(/

/**
 * Functions of a formatted file: a head whose line, or whose last line of several, ends with a brace, up to the
 * next line at the same depth that begins with the closing one.
 */
export function functionsOf(text: string): FunctionSpan[] {
  const lines = codeOf(text).split('\n')
  const spans = lines.flatMap((line, i) => {
    const head = line.trimEnd().endsWith('{') ? headOf(lines, i) : null
    if (head === null) return []
    const end = lines.findIndex((other, at) => at > i && other.startsWith(`${' '.repeat(depthOf(line))}}`))
    return end < 0 ? [] : [{ name: lines[head]!.trim(), from: head, to: end }]
  })
  return spans.map(({ name, from, to }) => {
    const inner = spans.filter((other) => other.from > from && other.to < to)
    const outermost = inner.filter((a) => !inner.some((b) => b !== a && b.from <= a.from && b.to >= a.to))
    const innerLines = outermost.reduce((sum, span) => sum + span.to - span.from + 1, 0)
    return { name, line: from + 1, lines: to - from + 1, ownLines: to - from + 1 - innerLines }
  })
}

/** First line of the statement that opens a brace at the end of line `at`, if that is a function's. */
function headOf(lines: readonly string[], at: number): number | null {
  const depth = depthOf(lines[at]!)
  let head = at
  // `): Result {` closes a head of several lines, which began at the same depth.
  while (/^[)}\]]/.test(lines[head]!.trim()) && head > 0) {
    head--
    while (head > 0 && (depthOf(lines[head]!) > depth || lines[head]!.trim() === '')) head--
  }
  const text = lines[head]!.trim()
  const whole = lines
    .slice(head, at + 1)
    .join(' ')
    .trim()
  return NO_FUNCTION.test(text) && !whole.endsWith('=> {')
    ? null
    : FUNCTION.test(head === at ? text : whole)
      ? head
      : null
}

function depthOf(line: string): number {
  return line.length - line.trimStart().length
}
