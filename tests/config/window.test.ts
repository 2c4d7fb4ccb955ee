import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'

function windowOf(section: string) {
  const base = parse(`pipelines: [{ name: a, window: ${section} }]`) as Record<string, unknown>
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '', base })
  return settings.pipelines[0]!.window
}

describe('the kinds of windows, with what follows from what is set', () => {
  test.each([
    ['{}', { sizeMs: 30_000, hopMs: 30_000, latenessMs: 10_000, idleMs: 60_000 }],
    ['{ size: 10s, hop: 4s }', { sizeMs: 10_000, hopMs: 4000, latenessMs: 10_000, idleMs: 20_000 }],
    ['{ count: 30, hop: 1, idle: 1d }', { count: 30, hop: 1, latenessMs: 10_000, idleMs: 86_400_000 }],
    ['{ count: 30 }', { count: 30, hop: 30, latenessMs: 10_000, idleMs: 300_000 }],
    ['{ session: 5m }', { gapMs: 300_000, maxMs: 86_400_000, latenessMs: 10_000, idleMs: 600_000 }],
    [
      '{ session: 5s, max: 1h, lateness: 20s }',
      { gapMs: 5000, maxMs: 3_600_000, latenessMs: 20_000, idleMs: 25_000 },
    ],
  ])('%s', (section, rule) => {
    expect(windowOf(section)).toEqual(rule)
  })
})

describe('a contradiction names the key and what would be right', () => {
  test.each([
    ['{ size: 10s, count: 5 }', /pipelines.0.window: size and count can't go together/],
    ['{ count: 5, session: 5s }', /count and session can't go together/],
    ['{ size: 10s, hop: 3 }', /window.hop: 3 is wrong; with size it is a duration/],
    ['{ count: 5, hop: 3s }', /window.hop: 3s is wrong; with count it is a number of readings/],
    ['{ count: 5, hop: 6 }', /window.hop: 6 is wrong; expected at most count \(5\)/],
    ['{ count: 5, idle: 5s }', /window.idle: 5s is wrong; expected at least lateness \(10000ms\)/],
    ['{ count: 0 }', /window.count: 0 is wrong/],
    ['{ session: 5s, hop: 1s }', /window.hop: a session has none/],
    ['{ size: 5s, max: 1h }', /window.max: only a session has one/],
    ['{ session: 0s }', /window.session: 0s is wrong; a pause is at least 1ms long/],
    ['{ session: 5m, max: 1m }', /window.max: 1m is wrong; expected at least session \(5m\)/],
    [
      '{ session: 5m, idle: 1m }',
      /window.idle: 1m is wrong; expected at least session \+ lateness \(310000ms\)/,
    ],
    ['{ size: 10s, hop: 20s }', /window.hop: 20s is wrong; expected more than 0 and at most size \(10s\)/],
    ['{ size: 10s, idle: 5s }', /window.idle: 5s is wrong; expected at least size \+ lateness \(20000ms\)/],
  ])('%s', (section, message) => {
    expect(() => windowOf(section)).toThrow(message)
  })
})
