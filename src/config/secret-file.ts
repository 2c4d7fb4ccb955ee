/**
 * Secrets handed over as files, as containers do: the variable `FOREWARN_HTTP_TOKEN_FILE` names a file that holds
 * `http.token`. So a secret stands neither in a config file nor in the environment, where others can read it.
 * Part of `load.ts`.
 */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { failure, messageOf } from '../core/errors.ts'

/** Put behind the name of a secret's variable. */
export const FILE_SUFFIX = '_FILE'

/**
 * @param variable name of the variable, for messages
 * @param file what it holds: a path
 * @param isSection the setting is a section (`mqtt.users`), and the file YAML; else the file's text is the value,
 *   without the line end that editors put behind it
 * @throws failure 'config' that names variable and file, never what is in it
 */
export function readSecret(variable: string, file: string, isSection: boolean): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw failure('config', `variable ${variable}: can't read ${file}: ${messageOf(error)}`, error)
  }
  if (text.trim() === '') throw failure('config', `variable ${variable}: ${file} is empty`)
  return isSection ? sectionOf(variable, file, text) : text
}

function sectionOf(variable: string, file: string, text: string): object {
  const wrong = `variable ${variable}: ${file} must hold one "name: password" a line`
  let section: unknown
  try {
    section = parseYaml(text)
  } catch {
    // The parser's message would repeat the line, and with it the secret.
    throw failure('config', wrong)
  }
  if (typeof section === 'object' && section !== null && !Array.isArray(section)) return section
  throw failure('config', wrong)
}
