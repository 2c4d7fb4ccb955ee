import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayMeet } from '../../src/ingest/onlookers.ts'
import { makeSensorTopic } from '../../src/ingest/topic.ts'

describe('the sensor topic', () => {
  test.each([
    ['sensors/{asset}', 'sensors/+', 'sensors/pump-1', 'pump-1'],
    ['sensors/{asset}', 'sensors/+', 'sensors/a/b', null],
    ['sensors/{asset}', 'sensors/+', 'sensor/a', null],
    ['sensors/{asset}', 'sensors/+', 'sensors/', ''],
    ['sensors/{asset}', 'sensors/+', 'sensors/a+', null],
    ['sensors/{asset}', 'sensors/+', 'sensors/#', null],
    ['{asset}', '+', 'pump-1', 'pump-1'],
    ['plant/+/{asset}/data', 'plant/+/+/data', 'plant/hall-2/pump-1/data', 'pump-1'],
    ['plant/+/{asset}/data', 'plant/+/+/data', 'plant/hall-2/pump-1', null],
    ['plant/+/{asset}/data', 'plant/+/+/data', 'plant/hall-2/pump-1/date', null],
    ['{asset}/#', '+/#', 'pump-1/a/b', 'pump-1'],
    ['{asset}/x/#', '+/x/#', 'pump-1', null],
    ['{asset}/x/#', '+/x/#', 'pump-1/x', 'pump-1'],
  ])('%s subscribes to %s; %s is of %s', (pattern, filter, topic, asset) => {
    const sensors = makeSensorTopic(pattern)
    expect(sensors.filter).toBe(filter)
    expect(sensors.asset(topic)).toBe(asset)
  })

  test.each([
    'sensors',
    'sensors/x{asset}',
    '{asset}/{asset}',
    '#/{asset}',
    'a+/{asset}',
    '$SYS/{asset}',
    'a/{x}/{asset}',
  ])('%s is no pattern', (pattern) => {
    expect(() => makeSensorTopic(pattern)).toThrow(`mqtt.topic: "${pattern}" is no pattern; write {asset}`)
  })
})

test('two filters may meet if and only if a topic fits both', () => {
  const filter = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', '+'), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  const topics = ['a', 'b'].flatMap(function deeper(topic: string): string[] {
    return topic.length > 7 ? [topic] : [topic, ...deeper(`${topic}/a`), ...deeper(`${topic}/b`)]
  })
  const fits = (pattern: string, topic: string) => {
    const parts = pattern.split('/').map((part) => (part === '+' ? '[^/]+' : part))
    const source = parts.at(-1) === '#' ? `${parts.slice(0, -1).join('/')}(/.*)?` : parts.join('/')
    return new RegExp(`^${source}$`).test(topic)
  }
  fc.assert(
    fc.property(filter, filter, (one, other) => {
      expect(mayMeet(one, other)).toBe(topics.some((topic) => fits(one, topic) && fits(other, topic)))
    }),
  )
})
