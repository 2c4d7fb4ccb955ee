import { describe, expect, test } from 'vitest'
import { checkRole, type Role } from '../../src/app/role.ts'

const APART: readonly Role[] = ['ingest', 'engine', 'http']

test('all stages in one process run on every log', () => {
  for (const adapter of ['embedded', 'memory', 'kafka'] as const) checkRole({ adapter }, 'all', false)
})

test('stages apart run on Kafka', () => {
  for (const role of APART) checkRole({ adapter: 'kafka' }, role, false)
  checkRole({ adapter: 'kafka' }, 'engine', true)
})

describe('elsewhere the message says why not and what would work', () => {
  test.each(APART)('%s', (role) => {
    expect(() => checkRole({ adapter: 'embedded' }, role, false)).toThrow(
      `--role ${role} needs Kafka (log.adapter: kafka): the embedded log has one owner, so its stages run in one ` +
        'process; run forewarn up without --role',
    )
    expect(() => checkRole({ adapter: 'memory' }, role, false)).toThrow('a log in memory is in one process')
  })
})

test('the embedded log can be caught up with by an engine alone; what is in memory can not', () => {
  checkRole({ adapter: 'embedded' }, 'engine', true)
  expect(() => checkRole({ adapter: 'memory' }, 'engine', true)).toThrow('--role engine needs Kafka')
})

test.each(['all', 'ingest', 'http'] as const)('--until-caught-up does not go with %s', (role) => {
  expect(() => checkRole({ adapter: 'kafka' }, role, true)).toThrow(
    '--until-caught-up goes with --role engine',
  )
})
