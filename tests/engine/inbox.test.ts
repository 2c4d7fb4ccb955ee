import { describe, expect, test } from 'vitest'
import { parseInbox } from '../../src/engine/inbox.ts'

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

const command = {
  id: 'c-1',
  command: 'acknowledge',
  asset: 'pump-1',
  alert: 'pump-1:risk:1',
  by: 'ann',
  at: 1700,
}

test('a pulse', () => {
  expect(parseInbox('pulse', bytes({ ts: 1700, others: 3 }))).toEqual({ pulse: { ts: 1700, others: 3 } })
  expect(parseInbox('pulse', bytes({ ts: 1700 }))).toEqual({
    reason: 'schema',
    detail: 'a pulse is {"ts": epoch ms, "others": assets}',
  })
})

test('a tick', () => {
  expect(parseInbox('tick', bytes({ ts: 1700, elapsed: 1000.5 }))).toEqual({
    tick: { ts: 1700, elapsed: 1000.5 },
  })
})

test('a command, with or without a comment', () => {
  expect(parseInbox('command', bytes(command))).toEqual({ command })
  const commented = { ...command, comment: 'on my way' }
  expect(parseInbox('command', bytes(commented))).toEqual({ command: commented })
})

describe('dead letters of the reason schema that say what would be right', () => {
  test.each([
    ['tick', null, /a tick is \{"ts": epoch ms, "elapsed": ms\}/],
    ['tick', '{"ts":', /a tick is/],
    ['tick', { ts: '1700', elapsed: 0 }, /a tick is/],
    ['tick', { ts: 1700 }, /a tick is/],
    ['tick', { ts: 1700, elapsed: -1 }, /a tick is/],
    ['tick', { ts: 1e300, elapsed: 0 }, /a tick is/],
    ['command', { ...command, command: 'explode' }, /\{id, command, asset, alert, by, at\}/],
    ['command', { ...command, at: 1e300 }, /no command that this program knows/],
    ['command', { ...command, asset: 'a b' }, /no command/],
    ['command', { ...command, comment: 'x'.repeat(5000) }, /no command/],
    ['command', [], /no command/],
    ['reading', {}, /header type is reading; a reading has none/],
    ['', {}, /header type is ; a reading has none/],
  ] as const)('%s %j', (type, value, detail) => {
    const wrong = parseInbox(type, value === null ? null : bytes(value))
    expect(wrong).toMatchObject({ reason: 'schema', detail: expect.stringMatching(detail) })
  })
})
