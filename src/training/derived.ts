/** `derived` of a pipeline, as people write it (`torque.mean * speed.mean`) → the parts of the step `derive`. */
import { failure } from '../core/errors.ts'
import type { Derived } from '../model/steps.ts'

/** Names of channels may hold any of the signs; between blanks they are operators. */
const EXPRESSION = /^(\S+) ([*/+-]) (\S+)$/

/**
 * @param features that there are
 * @throws Failure `config` that names the key and what would be right
 */
export function parseDerived(
  given: Readonly<Record<string, string>>,
  features: readonly string[],
  where: string,
): Derived[] {
  return Object.entries(given).map(([name, text]) => {
    const [, left = '', by = '', right = ''] = EXPRESSION.exec(text.trim()) ?? []
    if (by !== '*' && by !== '/' && by !== '+' && by !== '-') {
      throw failure(
        'config',
        `${where}.derived.${name}: "${text}" is not two features with * / + or - between them, such as torque.mean * speed.mean`,
      )
    }
    const lacking = [left, right].find((feature) => !features.includes(feature))
    if (lacking !== undefined) {
      throw failure(
        'config',
        `${where}.derived.${name}: ${lacking} is no feature; there are ${features.join(', ')}`,
      )
    }
    return { name, left, by, right }
  })
}
