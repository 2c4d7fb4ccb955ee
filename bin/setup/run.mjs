// @ts-check
/**
 * Runs other programs for the set-up (npm, pip, a compiler, node): with a time limit, the end of their output kept
 * for messages, and stopped when the set-up is interrupted.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How much of a program's output is kept for a message. */
const OUTPUT_CHARACTERS = 64 * 1024
const MESSAGE_LINES = 12
const WATCH_MS = 1_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/**
 * @typedef {object} Outcome
 * @property {boolean} ok it ended by itself with status 0
 * @property {number | null} status
 * @property {string} stdout the end of it
 * @property {string} output stdout and stderr as they came, the end of it
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, limitMs?: number, show?: boolean, isStuck?: () => string | null }} [options]
 *   `show` hands the program's output through to people (stdout and stderr) instead of keeping it; `isStuck` is asked
 *   every second and stops the program with the reason that it answers
 * @returns {Promise<Outcome>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it started can be stopped with it; one that people see stays in the
      // terminal's group, which Ctrl-C reaches.
      detached: !options.show,
    })
    running.add(child)
    const kept = { stdout: '', output: '' }
    const stop = (/** @type {string} */ reason) => {
      kept.output += `\nstopped: ${reason}\n`
      kill(child, 'SIGKILL')
    }
    const limitMs = options.limitMs ?? LONGEST_TIMER_MS
    const limit = setTimeout(() => stop(`not done after ${limitMs / 1000} s`), limitMs)
    const watch = setInterval(() => {
      const reason = options.isStuck?.() ?? null
      if (reason !== null) stop(reason)
    }, WATCH_MS)
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      kept.stdout = lastOf(kept.stdout + text)
      kept.output = lastOf(kept.output + text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      kept.output = lastOf(kept.output + text)
    })
    const end = (/** @type {number | null} */ status) => {
      clearTimeout(limit)
      clearInterval(watch)
      running.delete(child)
      resolve({ ok: status === 0, status, ...kept })
    }
    child.on('error', (error) => {
      kept.output += `${error.message}\n`
      end(null)
    })
    child.on('close', (status, signal) => {
      if (signal) kept.output += `\nended by ${signal}\n`
      end(status)
    })
  })
}

/**
 * What npm says went wrong: it begins with that, and ends with its usage and the path of a log.
 * @param {string} output
 */
export function npmErrorOf(output) {
  const lines = output.split('\n').flatMap((line) => /^npm (?:error|ERR!) (.+)/.exec(line)?.[1] ?? [])
  return lines.slice(0, MESSAGE_LINES).join('\n') || endOf(output)
}

/**
 * Stops what is still running; for an interrupted set-up. npm goes on for long after a SIGTERM, so what works unseen
 * is killed: whatever it leaves half done is found and done again at the next start.
 * @param {NodeJS.Signals} signal what people's programs (the tests) get, to end in their own way
 */
export function stopRunning(signal) {
  for (const child of running) kill(child, isUnseen(child) ? 'SIGKILL' : signal)
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function kill(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(isUnseen(child) ? -child.pid : child.pid, signal)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}

/** Leads a group of its own. @param {import('node:child_process').ChildProcess} child */
function isUnseen(child) {
  return child.stdout !== null
}

/** The lines of an output that a message can carry. @param {string} output */
export function endOf(output) {
  const lines = output.split(/\r?\n|\r/).filter((line) => line.trim() !== '')
  return lines.slice(-MESSAGE_LINES).join('\n')
}

/**
 * Full path of a program on the PATH, or null.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function onPath(name, env = process.env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // not in this folder: look in the next
    }
  }
  return null
}

/** @param {string} text */
function lastOf(text) {
  return text.length > OUTPUT_CHARACTERS ? text.slice(-OUTPUT_CHARACTERS) : text
}
