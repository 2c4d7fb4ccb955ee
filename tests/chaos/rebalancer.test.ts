import { expect, test } from 'vitest'
import type { Program } from '../../src/chaos/program.ts'
import { createRebalancer } from '../../src/chaos/rebalancer.ts'

/** An engine as far as it is added and removed, with what happened to it. */
function makeEngine(ending = 0) {
  const events: string[] = []
  let isAlive = false
  const engine: Program = {
    name: 'engine-extra',
    start() {
      events.push('start')
      isAlive = true
    },
    alive: () => isAlive,
    isReady: async () => isAlive,
    untilReady: async () => {},
    startMs: () => 0,
    async kill() {
      isAlive = false
    },
    ended: async () => ending,
    async stop() {
      events.push('stop')
      isAlive = false
      return ending
    },
    signal() {},
    output: () => 'what it printed',
  }
  return { engine, events }
}

function told() {
  const problems: string[] = []
  const done: string[] = []
  return {
    problems,
    done,
    problem: (text: string) => problems.push(text),
    did: (text: string) => done.push(text),
  }
}

test('an engine comes and goes, and is gone at the end', async () => {
  const { engine, events } = makeEngine()
  const { done, problems, ...telling } = told()
  const rebalancer = createRebalancer(telling, engine, 20)
  rebalancer.start()
  await expect.poll(() => done.length).toBeGreaterThan(3)
  await rebalancer.stop()
  expect(done.slice(0, 3)).toEqual(['engine added', 'engine removed', 'engine added'])
  expect(engine.alive()).toBe(false)
  const after = events.length
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(events.length).toBe(after)
  expect(problems).toEqual([])
})

test('while something is done without it, it stays as it is; a failure of that is its caller’s', async () => {
  const { engine, events } = makeEngine()
  const { done, ...telling } = told()
  const rebalancer = createRebalancer(telling, engine, 10)
  rebalancer.start()
  await expect.poll(() => done.length).toBeGreaterThan(1)
  await rebalancer.without(async () => {
    const before = events.length
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(events.length).toBe(before)
  })
  await expect(rebalancer.without(async () => Promise.reject(new Error('broker')))).rejects.toThrow('broker')
  const before = done.length
  await expect.poll(() => done.length).toBeGreaterThan(before)
  await rebalancer.stop()
})

test('an engine that does not end in order is told', async () => {
  const { engine } = makeEngine(1)
  const { problems, done, ...telling } = told()
  const rebalancer = createRebalancer(telling, engine, 10)
  rebalancer.start()
  await expect.poll(() => done.includes('engine removed')).toBe(true)
  await rebalancer.stop()
  expect(problems[0]).toContain('engine-extra ended with 1 on SIGTERM')
})

test('without an interval it never comes', async () => {
  const { engine, events } = makeEngine()
  const rebalancer = createRebalancer(told(), engine, null)
  rebalancer.start()
  await rebalancer.stop()
  expect(events).toEqual([])
})
