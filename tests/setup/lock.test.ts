/** Set-ups that start together work one after the other; a dead one's lock holds nobody up. */
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alone, isAbandoned } from '../../bin/setup/lock.mjs'

/** Above any process id that Linux gives. */
const NOBODY = 2 ** 22 + 1
let folder: string
let lock: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forewarn-lock-'))
  lock = join(folder, 'set-up.lock')
})

afterEach(() => rmSync(folder, { recursive: true }))

test('work under the lock never overlaps, and the lock goes away', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await wait(5)
    inside -= 1
    return most
  }
  await Promise.all([alone(lock, work), alone(lock, work), alone(lock, work)])
  expect(most).toBe(1)
  expect(existsSync(lock)).toBe(false)
})

test('work that fails releases the lock', async () => {
  const failing = alone(lock, () => Promise.reject(new Error('no disk')))
  await expect(failing).rejects.toThrow('no disk')
  expect(await alone(lock, async () => 'next')).toBe('next')
})

test('the lock of a process that is gone is taken over', async () => {
  writeFileSync(lock, String(NOBODY))
  expect(await alone(lock, async () => 'mine')).toBe('mine')
})

test('so is one that nobody has touched for long, whoever has its number now', async () => {
  writeFileSync(lock, String(process.pid))
  utimesSync(lock, new Date(0), new Date(0))
  expect(await alone(lock, async () => 'mine')).toBe('mine')
})

test('a living owner that touches its lock keeps it', () => {
  expect(isAbandoned({ pid: process.pid, touchedMs: 1_000 }, 2_000)).toBe(false)
  expect(isAbandoned({ pid: process.pid, touchedMs: 1_000 }, 60_000)).toBe(true)
  expect(isAbandoned({ pid: NOBODY, touchedMs: 1_000 }, 1_000)).toBe(true)
})
