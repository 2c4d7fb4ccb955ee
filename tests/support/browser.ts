/** Headless Chromium for tests of the page; every console error and refused resource is kept. */
import { type Browser, chromium, type Page } from 'playwright-core'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
]

export interface OpenPage {
  readonly page: Page
  /** Console errors and warnings, exceptions, failed requests, violations of the content security policy. */
  readonly faults: string[]
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS })
}

export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options })
  const faults: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`))
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`)
  })
  await page.addInitScript({
    content: `addEventListener('securitypolicyviolation', (event) =>
      console.error('csp', event.violatedDirective, event.blockedURI))`,
  })
  await page.goto(url)
  return { page, faults }
}
