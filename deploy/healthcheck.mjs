#!/usr/bin/env node
// @ts-check
/**
 * The health check of the container: asks this process's own HTTP, with Node itself, since the image has no curl.
 * Status 0 when it answers 200. `healthcheck.mjs live` (the default) or `ready`.
 */
const ANSWER_WITHIN_MS = 4000

const what = process.argv[2] ?? 'live'
const port = process.env.FOREWARN_HTTP_PORT ?? '8080'
const url = `http://127.0.0.1:${port}/health/${what}`

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
  console.log(await answer.text())
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  console.error(`${url}: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
