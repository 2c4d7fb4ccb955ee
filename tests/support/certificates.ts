/** Certificates for tests, made by openssl in a folder: an authority, a server on loopback, a client. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  readonly ca: string
  /** Key and certificate in one file, as Kafka's PEM stores have it. */
  readonly server: string
  readonly clientCert: string
  readonly clientKey: string
}

export function makeCertificates(openssl: string, dir: string): Certificates {
  const at = (name: string) => join(dir, name)
  const run = (...args: string[]) => execFileSync(openssl, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const key = (name: string) =>
    run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(`${name}.key`))
  key('ca')
  run(
    ...['req', '-x509', '-new', '-key', at('ca.key'), '-subj', '/CN=test authority'],
    '-days',
    '2',
    '-out',
    at('ca.pem'),
  )
  for (const [name, names] of [
    ['server', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ['client', 'subjectAltName=DNS:client'],
  ] as const) {
    key(name)
    run('req', '-new', '-key', at(`${name}.key`), '-subj', `/CN=${name}`, '-out', at(`${name}.csr`))
    writeFileSync(at(`${name}.ext`), `${names}\n`)
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
    run(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signed,
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    )
  }
  writeFileSync(
    at('server.both'),
    readFileSync(at('server.key'), 'utf8') + readFileSync(at('server.pem'), 'utf8'),
  )
  return {
    ca: at('ca.pem'),
    server: at('server.both'),
    clientCert: at('client.pem'),
    clientKey: at('client.key'),
  }
}
