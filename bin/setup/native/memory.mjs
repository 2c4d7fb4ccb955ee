// @ts-check
/**
 * Remembers which ways failed, so that a closed network is met once and not at every start. A day later, or when
 * what the way depends on has changed (a compiler was installed, a proxy set), it is tried again.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readJson } from '../packages.mjs'
import { proxyOf, storageOf } from './official.mjs'
import { toolsFound } from './wheel.mjs'

const FORGET_AFTER_MS = 24 * 3_600_000
const FILE = 'native-failures.json'

/** @typedef {{ way: string, reason: string, todo: string }} Failed */
/** @typedef {Failed & { atMs: number, circumstances: string }} Remembered */

/** What the ways depend on outside of us, as one hash. @param {NodeJS.ProcessEnv} env */
export function circumstances(env) {
  const { pythons, compiler } = toolsFound(env)
  const index = [env.PIP_INDEX_URL, env.PIP_EXTRA_INDEX_URL, env.PIP_FIND_LINKS, env.PIP_NO_INDEX]
  const told = JSON.stringify([storageOf(env), proxyOf(env), pythons, compiler, index, process.version])
  return createHash('sha256').update(told).digest('hex')
}

/**
 * What is still remembered.
 * @param {string} cache
 * @param {string} now circumstances of this start
 * @param {number} nowMs
 * @returns {Remembered[]}
 */
export function rememberedFailures(cache, now, nowMs) {
  /** @type {Remembered[]} */
  const all = readJson(join(cache, FILE)) ?? []
  return all.filter((failed) => failed.circumstances === now && nowMs - failed.atMs < FORGET_AFTER_MS)
}

/**
 * @param {string} cache
 * @param {readonly Remembered[]} failures
 */
export function rememberFailures(cache, failures) {
  mkdirSync(dirname(join(cache, FILE)), { recursive: true })
  writeFileSync(join(cache, FILE), JSON.stringify(failures, null, 1))
}
