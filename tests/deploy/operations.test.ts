/** The operating guide keeps up with the program: its tables name every metric, reason, limit, topic and alert rule, and no other. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildProgram } from '../../src/commands/program.ts'
import { ConfigFile } from '../../src/config/schema.ts'
import { DEAD_LETTER_REASONS, TOPICS } from '../../src/core/topics.ts'
import { METRICS, REFUSALS } from '../../src/observe/metric-table.ts'
import { ROOT } from './compose-file.ts'

const guide = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')

/** First cells of the table whose head begins so, without their backticks. */
function firstCells(head: string): string[] {
  const [, ...after] = guide.split(`\n| ${head} |`)
  expect(after).toHaveLength(1)
  const rows = after[0]!.split('\n').slice(2)
  const end = rows.findIndex((row) => !row.startsWith('|'))
  return rows.slice(0, end).map((row) => row.split('|')[1]!.trim().replaceAll('`', ''))
}

const rules: { alert?: string; labels?: { severity: string } }[] = parse(
  readFileSync(join(ROOT, 'deploy/prometheus/rules.yml'), 'utf8'),
).groups.flatMap((group: { rules: object[] }) => group.rules)

test.each<[string, string, readonly string[]]>([
  ['metric', 'every metric', Object.keys(METRICS)],
  ['reason', 'every reason of a dead letter', DEAD_LETTER_REASONS],
  ['limit', 'every limit that refuses', REFUSALS],
  ['topic', 'every topic', Object.keys(TOPICS)],
  ['rule', 'every alert rule', rules.flatMap(({ alert }) => alert ?? [])],
])('the table of each %s tells %s, and nothing that there is not', (head, _, names) => {
  expect(firstCells(head).sort()).toEqual([...names].sort())
})

test('alert rules are as severe as the guide says', () => {
  for (const { alert, labels } of rules) {
    if (alert !== undefined) expect(guide).toContain(`| \`${alert}\` | ${labels?.severity} |`)
  }
})

test('commands and links are ones that there are', () => {
  const commands = [...guide.matchAll(/bin\/forewarn ([a-z-]+)/g)].map(([, name]) => name!)
  expect(commands.length).toBeGreaterThan(8)
  const known = buildProgram().commands.map((command) => command.name())
  for (const name of commands) expect(known).toContain(name)
  const { scripts } = parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
  for (const [, name] of guide.matchAll(/npm run ([a-z:-]+)/g)) expect(Object.keys(scripts)).toContain(name)
  for (const [, file] of guide.matchAll(/\]\(([^#)]+)\)/g)) {
    expect([file, existsSync(join(ROOT, 'docs', file!))]).toEqual([file, true])
  }
  const headings = [...guide.matchAll(/^## (.+)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(' ', '-'),
  )
  for (const [, anchor] of guide.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor)
})

test('settings are ones that there are', () => {
  const named = [...guide.matchAll(/`((?:log|mqtt|http|limits)\.[A-Za-z.]+)`/g)].map(([, path]) => path!)
  expect(named.length).toBeGreaterThan(20)
  for (const path of new Set(named)) expect([path, hasSetting(path)]).toEqual([path, true])
})

function hasSetting(path: string): boolean {
  let at: unknown = ConfigFile
  for (const name of path.split('.')) {
    at = childOf(at, 'properties', name)
    if (at === undefined) return false
  }
  return true
}

function childOf(schema: unknown, ...names: readonly string[]): unknown {
  let at = schema
  for (const name of names) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = Reflect.get(at, name)
  }
  return at
}
