/** The same recording through `up` over MQTT and through `score`: the same scores (laws 3 and 6). */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Score } from '../../src/core/records.ts'
import { type Program, runProgram, startProgram, untilReady, unusedPort } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url))
let dir = ''
const programs: Program[] = []
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-replay-'))
})
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Scores by asset and window, without how the window closed: idle is counted in event time here, in ours there. */
function byWindow(scores: readonly Score[]): Map<string, string> {
  return new Map(
    scores.map(({ closed: _closed, ...score }) => [
      `${score.asset}@${score.windowStart}`,
      JSON.stringify(score),
    ]),
  )
}

async function scored(config: string, map: string, input: readonly string[]): Promise<Score[]> {
  const output = join(dir, 'scores.jsonl')
  const run = await runProgram([
    'score',
    '--config',
    config,
    '--map',
    map,
    '--input',
    ...input,
    '--output',
    output,
  ])
  expect(run.status, run.output).toBe(0)
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  return lines.filter((line) => !line.includes('"specversion"')).map((line) => JSON.parse(line) as Score)
}

async function streamed(config: string, map: string, input: readonly string[]): Promise<Score[]> {
  const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
  const data = mkdtempSync(join(dir, 'data-'))
  const env = { FOREWARN_MQTT_PORT: String(mqttPort), FOREWARN_HTTP_PORT: String(httpPort) }
  const program = startProgram(['up', '--config', config, '--data', data], env)
  programs.push(program)
  await untilReady(program, httpPort)
  const url = `mqtt://127.0.0.1:${mqttPort}`
  const replay = await runProgram([
    'simulate',
    '--replay',
    ...input,
    '--map',
    map,
    '--mqtt',
    url,
    '--speed',
    'max',
  ])
  expect(replay.status, replay.output).toBe(0)
  program.child.kill('SIGTERM')
  expect(await program.ended, program.output()).toBe(0)
  const rest = await runProgram(
    ['up', '--role', 'engine', '--until-caught-up', '--config', config, '--data', data],
    env,
  )
  expect(rest.status, rest.output).toBe(0)
  const tail = await runProgram(['tail', 'scores', '--config', config, '--data', data])
  expect(tail.status, tail.output).toBe(0)
  return tail.output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { value: Score }).value)
}

/**
 * Every window that the stream closed has the score of the batch path. What is missing there may only be an
 * asset's last window, still open: event time goes on in a recording, but not for us.
 */
async function compare(
  config: string,
  map: string,
  input: readonly string[],
  atLeast: number,
): Promise<void> {
  const batch = await scored(config, map, input)
  const live = byWindow(await streamed(config, map, input))
  const last = new Map(batch.map(({ asset, windowStart }) => [asset, `${asset}@${windowStart}`]))
  const expected = byWindow(batch)
  for (const window of last.values()) {
    if (!live.has(window)) expected.delete(window)
  }
  expect(live.size).toBeGreaterThanOrEqual(atLeast)
  expect(Object.fromEntries(live)).toEqual(Object.fromEntries(expected))
}

test('four C-MAPSS engines of the examples', { timeout: 120_000 }, async () => {
  const input = join(EXAMPLES, 'data/cmapss-fd001-engines-1-4.txt')
  await compare(join(EXAMPLES, 'cmapss.yaml'), join(EXAMPLES, 'cmapss.map.yaml'), [input], 60)
})

describe.skipIf(requires('shared-data').missing)('recordings that the project may not ship', () => {
  function unpack(archive: string): string {
    const to = mkdtempSync(join(dir, 'unpacked-'))
    execFileSync('tar', ['xzf', requires('shared-data', archive).path, '-C', to])
    return to
  }

  function find(under: string, test: (name: string) => boolean): string[] {
    return readdirSync(under, { recursive: true, encoding: 'utf8' })
      .filter(test)
      .map((name) => join(under, name))
      .sort()
  }

  test('C-MAPSS FD001, all 100 engines', { timeout: 180_000 }, async () => {
    const files = find(unpack('cmapss-FD001-FD002.tar.gz'), (name) => /(^|\/)train_FD001\.txt$/.test(name))
    await compare(join(EXAMPLES, 'cmapss.yaml'), join(EXAMPLES, 'cmapss.map.yaml'), files, 1800)
  })

  test('a run of SKAB valve1', { timeout: 120_000 }, async () => {
    const files = find(unpack('skab-valve1.tar.gz'), (name) => /valve1\/0\.csv$/.test(name))
    const config = join(dir, 'skab.yaml')
    writeFileSync(config, 'pipelines: [{ name: loop, window: { size: 20s, lateness: 0s } }]\n')
    await compare(config, join(EXAMPLES, 'skab-valve1.map.yaml'), files, 40)
  })
})
