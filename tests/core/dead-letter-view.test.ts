import { expect, test } from 'vitest'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import { chooses, parsePlace, placeText, readDeadLetter } from '../../src/core/dead-letter-view.ts'

const written = deadLetterRecord(
  't.dead-letters',
  {
    reason: 'schema',
    detail: '/ts: wrong',
    key: 'pump-07',
    value: Buffer.from('{}'),
    index: 3,
    truncated: true,
  },
  { source: 'mqtt', topic: 'sensors/pump-07', receivedAt: 5000 },
)
const letter = readDeadLetter(2, { offset: 41, timestamp: 9000, ...written, headers: written.headers! })

test('what was written is read back', () => {
  expect(letter).toMatchObject({
    partition: 2,
    offset: 41,
    reason: 'schema',
    detail: '/ts: wrong',
    key: 'pump-07',
    source: 'mqtt',
    sourceTopic: 'sensors/pump-07',
    receivedAt: 5000,
    index: 3,
    truncated: true,
    attempts: 0,
    replayedFrom: null,
  })
})

test('a record of somebody else without our headers is still shown', () => {
  const bare = readDeadLetter(0, { offset: 1, timestamp: 9000, key: null, value: null, headers: {} })
  expect(bare).toMatchObject({ reason: '', source: 'kafka', receivedAt: 9000, index: null, truncated: false })
})

test.each([
  [{}, true],
  [{ reasons: ['late', 'schema'] }, true],
  [{ reasons: ['late'] }, false],
  [{ asset: 'pump-*' }, true],
  [{ asset: 'motor-*' }, false],
  [{ fromMs: 5000, toMs: 5001 }, true],
  [{ fromMs: 5001 }, false],
  [{ toMs: 5000 }, false],
  [{ places: ['2:41'] }, true],
  [{ places: ['2:42'], asset: 'pump-*' }, false],
])('the choice %j takes it: %s', (choice, takes) => {
  expect(chooses(choice)(letter)).toBe(takes)
})

test('a letter whose asset is not known is in no choice of assets', () => {
  expect(chooses({ asset: '*' })({ ...letter, key: null })).toBe(false)
})

test('places', () => {
  expect(placeText(letter)).toBe('2:41')
  expect(parsePlace('2:41')).toEqual({ partition: 2, offset: 41 })
  for (const wrong of ['2', '2:', 'a:1', '1:2:3', '-1:2', '1:1.5']) expect(parsePlace(wrong)).toBeNull()
})
