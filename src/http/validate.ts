/**
 * Checks requests against their TypeBox schemas: bodies strictly, query and path with text turned into the
 * numbers that they stand for. One validator for all content types, and nothing is ever removed or filled
 * in behind the caller's back but defaults of the query.
 */
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { type Fault, httpError } from './problem.ts'

/** Faults that one answer lists. */
const LISTED_FAULTS = 10

export function checkRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(compileCheck)
  // Answers are checked by the tests, not cut to their schemas at run time.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
}

const compileCheck: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'request')
  const converts = part !== 'body'
  return (given: unknown) => {
    const value = converts ? validator.Default(validator.Convert(structuredClone(given))) : given
    if (validator.Check(value)) return { value }
    const faults = faultsOf(validator, value, part)
    const [first] = faults
    const message = first === undefined ? `${part} has another shape` : `${first.where}: ${first.detail}`
    return { error: httpError(400, message, faults) }
  }
}

function faultsOf(validator: Validator, value: unknown, part: string): Fault[] {
  const faults: Fault[] = []
  for (const { keyword, instancePath, message, params } of validator.Errors(value)) {
    // Each unknown field is told twice: as a `false` schema, and by name.
    if (keyword === 'boolean' || keyword === 'anyOf' || faults.length >= LISTED_FAULTS) continue
    const names = 'additionalProperties' in params ? ` (${params.additionalProperties.join(', ')})` : ''
    faults.push({ where: `${part}${instancePath}`, detail: `${message}${names}` })
  }
  return faults
}
