/** `deploy/make-secrets.sh` makes what the compose files want, once, and shows it to nobody else on the host. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { interpolated, ROOT } from './compose-file.ts'

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'forewarn-secrets-'))
  mkdirSync(join(project, 'deploy'))
  for (const file of ['deploy/make-secrets.sh', '.env.example']) cpSync(join(ROOT, file), join(project, file))
})
afterEach(() => rmSync(project, { recursive: true }))

const run = () => execFileSync('sh', [join(project, 'deploy/make-secrets.sh')], { encoding: 'utf8' })
const secret = (name: string) => readFileSync(join(project, 'deploy/secrets', name), 'utf8')
const secrets = () => readdirSync(join(project, 'deploy/secrets')).sort()
const modeOf = (path: string) => statSync(join(project, path)).mode & 0o777

test('each secret that a compose file names, long and different', () => {
  run()
  const named = ['docker-compose.yml', 'docker-compose.single.yml'].flatMap((file) => {
    const text = interpolated(readFileSync(join(ROOT, file), 'utf8'), { SECRETS_DIR: 'S' })
    return [...text.matchAll(/file: "S\/(\w+)"/g)].map(([, name]) => name)
  })
  expect(secrets()).toEqual([...new Set(named)].sort())
  const all = secrets().flatMap((name) => secret(name).match(/[0-9a-f]{48}/g) ?? [])
  // One twice: Forewarn's password, as itself and among the broker's accounts.
  expect(all.length).toBe(7)
  expect(new Set(all).size).toBe(6)
  expect(secret('mosquitto_users')).toContain(`forewarn:${secret('mqtt_password')}\n`)
})

test("the folder is its owner's alone; the files can be read by the users in the containers", () => {
  run()
  expect(modeOf('deploy/secrets')).toBe(0o700)
  for (const name of secrets()) expect(modeOf(`deploy/secrets/${name}`)).toBe(0o444)
})

test('the program reads them', () => {
  run()
  const env = {
    FOREWARN_HTTP_TOKEN_FILE: join(project, 'deploy/secrets/http_token'),
    FOREWARN_MQTT_USERS_FILE: join(project, 'deploy/secrets/single_mqtt_users'),
  }
  const { settings } = loadConfig({ file: undefined, env, flags: {}, modelsDir: '', base: {} })
  expect(settings.http.token).toMatch(/^[0-9a-f]{48}$/)
  expect(Object.keys(settings.mqtt.users ?? {})).toEqual(['sensors', 'readers'])
})

test('.env tells where they are; a second run changes nothing, and makes what was removed', () => {
  const told = run()
  expect(told).toContain('made deploy/secrets/http_token')
  for (const name of secrets()) expect(told).not.toContain(secret(name).trim())
  const env = readFileSync(join(project, '.env'), 'utf8')
  expect(env).toMatch(/^SECRETS_DIR=\.\/deploy\/secrets$/m)
  const before = secrets().map(secret)
  expect(run()).not.toContain('made')
  expect(secrets().map(secret)).toEqual(before)
  expect(readFileSync(join(project, '.env'), 'utf8')).toBe(env)
  rmSync(join(project, 'deploy/secrets/http_token'))
  expect(run()).toContain('made deploy/secrets/http_token')
  expect(secrets().map(secret)).not.toEqual(before)
})
