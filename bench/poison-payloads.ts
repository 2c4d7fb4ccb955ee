/** Payloads that no program should send, one kind after another, for `bench/poison.ts`. */

const READING = '{"ts":1700000000000,"values":{"temperature":61.2,"vibration":0.42,"pressure":4.1}}'

/** Texts that look like JSON and are none, or are JSON and no reading. */
const TEXTS = [
  '',
  '{',
  '[',
  '[1,]',
  '[,1]',
  '{"a":1,}',
  '{"a" 1}',
  "{'a':1}",
  '{"a":1}x',
  '[+1]',
  '[-]',
  '[01]',
  '[1.]',
  '[.5]',
  '[1e]',
  '["\u0001"]',
  '["\\x"]',
  '["\\u12"]',
  'nul',
  'True',
  'NaN',
  '-Infinity',
  '0x1F',
  'null',
  'true',
  '1',
  '"text"',
  '[]',
  '{}',
  '[1]',
  '{"ts":"noon","values":{"t":1}}',
  '{"ts":1e400,"values":{"t":1}}',
  '{"ts":1700000000,"values":{"t":1}}',
  '{"values":{"t":"hot"}}',
  '{"values":{"t":[1]}}',
  '{"values":[]}',
  '{"values":1}',
  '{"ts":1,"values":{"t":1},"__proto__":{"x":1}}',
  '{"ts":1,"values":{"t":1},"constructor":{"prototype":{}}}',
  '{"asset":"no id","values":{"t":1}}',
  '{"asset":7,"values":{"t":1}}',
  `{"values":{"t":1},"deep":${'['.repeat(500)}${']'.repeat(500)}}`,
  '{"a":'.repeat(1000),
]

const LARGE = Buffer.from(`{"x":"${'y'.repeat(2 ** 20)}"}`)
/** One in so many is a megabyte: more would measure the network. */
const LARGE_EVERY = 1000

/** @param i which; the same one each time */
export function poisonPayload(i: number): Buffer {
  if (i % LARGE_EVERY === LARGE_EVERY - 1) return LARGE
  const kind = i % 4
  if (kind === 0) return Buffer.from(READING.slice(0, 1 + (i % (READING.length - 1))))
  if (kind === 1) return Buffer.concat([Buffer.from([0xff, i & 0xff]), Buffer.from(READING)])
  return Buffer.from(TEXTS[(i >> 1) % TEXTS.length]!)
}
