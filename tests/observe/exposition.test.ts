import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { negotiate, OPENMETRICS, PROMETHEUS, writeFamilies } from '../../src/observe/exposition.ts'

describe('content negotiation', () => {
  const prometheus2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const prometheus3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.1'
  it.each([
    [undefined, PROMETHEUS],
    ['', PROMETHEUS],
    ['*/*', PROMETHEUS],
    ['text/html,application/xhtml+xml,*/*;q=0.8', PROMETHEUS],
    ['text/plain', PROMETHEUS],
    [prometheus2, OPENMETRICS],
    [prometheus3, OPENMETRICS],
    ['Application/OpenMetrics-Text; Version=1.0.0', OPENMETRICS],
    ['application/openmetrics-text;q=0.2, text/plain;q=0.9', PROMETHEUS],
    ['application/openmetrics-text;q=0', PROMETHEUS],
    ['application/openmetrics-text;q=x', PROMETHEUS],
  ])('%s', (accept, expected) => {
    expect(negotiate(accept)).toBe(expected)
  })

  it('takes any header', () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        expect([PROMETHEUS, OPENMETRICS]).toContain(negotiate(accept))
      }),
    )
  })
})

describe('writing', () => {
  const families = [
    { name: 'x_total', help: 'a "b"\\\n', type: 'counter', values: [{ value: 3, labels: { r: 'q"\\\n' } }] },
    { name: 'model_info', help: 'm', type: 'gauge', values: [{ value: 1, labels: {} }] },
    { name: 'g', help: 'g', type: 'gauge', values: [{ value: Number.NaN, labels: {} }] },
  ]

  it('writes Prometheus', () => {
    expect(writeFamilies(families, PROMETHEUS)).toBe(
      `# HELP x_total a "b"\\\\\\n\n# TYPE x_total counter\nx_total{r="q\\"\\\\\\n"} 3\n` +
        '# HELP model_info m\n# TYPE model_info gauge\nmodel_info 1\n# HELP g g\n# TYPE g gauge\ng NaN\n',
    )
  })

  it('writes OpenMetrics: families without suffix, info, an end', () => {
    expect(writeFamilies(families, OPENMETRICS)).toBe(
      `# HELP x a \\"b\\"\\\\\\n\n# TYPE x counter\nx_total{r="q\\"\\\\\\n"} 3\n` +
        '# HELP model m\n# TYPE model info\nmodel_info 1\n# HELP g g\n# TYPE g gauge\ng NaN\n# EOF\n',
    )
  })
})
