/** The Dockerfile, as far as it can be held to its promises without an engine that builds it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './compose-file.ts'

const stages = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split(/^(?=FROM )/m)
const last = stages.at(-1)!
const instructions = (stage: string) =>
  stage
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')

/** Files and folders that are copied from the project, not from another stage. */
function copied(): string[] {
  const lines = stages.flatMap(instructions).filter((line) => /^COPY (?!--from)/.test(line))
  return lines.flatMap((line) => line.split(/\s+/).slice(1, -1))
}

test('what it copies is there', () => {
  expect(copied().length).toBeGreaterThan(10)
  for (const path of copied()) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true])
})

test('only what it copies goes into the build, so that no secret and no data can', () => {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'))
  expect(rules[0]).toBe('*')
  expect(rules.filter((rule) => !rule.startsWith('!'))).toEqual(['*', 'deploy/*'])
  const letIn = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1))
  expect(letIn.filter((path) => path !== 'deploy').sort()).toEqual([...new Set(copied())].sort())
})

test('the image that runs has no compiler, and a user without rights', () => {
  const lines = instructions(last)
  expect(lines.join('\n')).not.toMatch(/apt-get|g\+\+|pip/)
  expect(lines.filter((line) => line.startsWith('USER'))).toEqual(['USER node'])
  const after = lines.slice(lines.indexOf('USER node') + 1)
  expect(after.join('\n')).not.toMatch(/^COPY|chown|install/m)
})

test('it is not made unless the library loads in it, runs Node itself, and asks itself how it is', () => {
  const lines = instructions(last)
  expect(lines).toContain('RUN node dist/src/main.js doctor')
  expect(lines).toContain('VOLUME /data')
  expect(lines).toContain('ENTRYPOINT ["node", "--enable-source-maps", "/app/dist/src/main.js"]')
  expect(lines.find((line) => line.startsWith('HEALTHCHECK'))).toContain(
    'CMD ["node", "/app/deploy/healthcheck.mjs", "live"]',
  )
})
