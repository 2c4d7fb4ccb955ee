import { expect, test } from 'vitest'
import { missedText, parseMissed } from '../../src/core/late.ts'
import { pipelineRules } from '../support/pipeline-rules.ts'

const patience = { latenessMs: 0, idleMs: 100 }
const hopping = pipelineRules({ name: 'hopping', window: { sizeMs: 10, hopMs: 4, ...patience } })
const counted = pipelineRules({ name: 'counted', window: { count: 3, hop: 3, ...patience } })

test('what was missed survives the way through a header', () => {
  const text = missedText(-1, [hopping, counted])
  expect(text).toBe('hopping@-8/2 hopping@-4/6 counted@')
  expect(parseMissed(text)).toEqual([
    { pipeline: 'hopping', start: -8, end: 2 },
    { pipeline: 'hopping', start: -4, end: 6 },
    { pipeline: 'counted', start: null, end: null },
  ])
})

test('what others have written there is passed over', () => {
  expect(parseMissed('')).toEqual([])
  expect(parseMissed('nothing a@1 @1/2 b@x/y c@1/2')).toEqual([{ pipeline: 'c', start: 1, end: 2 }])
})
