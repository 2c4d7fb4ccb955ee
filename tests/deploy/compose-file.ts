/** A compose file as `docker compose` reads it: YAML with merge keys, and variables in their places. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Service {
  readonly image?: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly restart?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly secrets?: readonly string[]
  readonly configs?: readonly { readonly source: string; readonly target: string }[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string }
  readonly logging?: { readonly options: Readonly<Record<string, string>> }
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, string | number>> } }
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes?: Readonly<Record<string, null>>
  readonly configs?: Readonly<Record<string, { readonly file: string }>>
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>
}

/** @param env what `.env` would say */
export function readCompose(file: string, env: Readonly<Record<string, string>>): ComposeFile {
  return parse(interpolated(readFileSync(`${ROOT}/${file}`, 'utf8'), env), { merge: true })
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, of which the last throws its message. */
export function interpolated(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?:(:[-?])([^}]*))?\}/g, (_, name: string, operator = '', rest = '') => {
    const value = env[name]
    if (value) return value
    if (operator === ':?') throw new Error(rest)
    return operator === ':-' ? rest : ''
  })
}
