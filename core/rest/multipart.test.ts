import { expect, it } from 'vitest'
import { parseMultipart } from './multipart.ts'

async function encoded(fill: (form: FormData) => void): Promise<readonly [Buffer, string]> {
  const form = new FormData()
  fill(form)
  const response = new Response(form)
  return [Buffer.from(await response.arrayBuffer()), response.headers.get('content-type') ?? '']
}

it('reads the fields and files of a form in order', async () => {
  const [body, type] = await encoded((form) => {
    form.append('name', 'a\r\nb')
    form.append('hosts[]', 'é')
    form.append('cert', new Blob(['--PEM--\r\n']), 'cert.pem')
    form.append('quo"ted', '')
  })
  expect(parseMultipart(body, type)).toEqual([
    { name: 'name', value: 'a\r\nb' },
    { name: 'hosts[]', value: 'é' },
    { name: 'cert', value: '--PEM--\r\n' },
    { name: 'quo%22ted', value: '' },
  ])
})

it('reads boundaries with and without quotes', () => {
  const body = Buffer.from(
    'preamble\r\n--x y\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x y--\r\n',
  )
  expect(parseMultipart(body, 'multipart/form-data; boundary="x y"')).toEqual([
    { name: 'a', value: '1' },
  ])
})

it.each([
  ['no boundary', 'multipart/form-data', '--x--'],
  ['another boundary', 'multipart/form-data; boundary=y', '--x--'],
  [
    'no end',
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1',
  ],
  ['nothing at all', 'multipart/form-data; boundary=x', ''],
])('gives up on a body with %s', (_what, type, body) => {
  expect(parseMultipart(Buffer.from(body), type)).toBeUndefined()
})

it('leaves out parts without a name', () => {
  const part = 'Content-Type: text/plain\r\n\r\n1'
  const body = Buffer.from(`--x\r\n${part}\r\n--x\r\n\r\n--x--`)
  expect(parseMultipart(body, 'multipart/form-data; boundary=x')).toEqual([])
})

it('reads 100 parts and looks no further', () => {
  const part = (name: string): string =>
    `--x\r\nContent-Disposition: form-data; name=${name}\r\n\r\n1\r\n`
  const many = Array.from({ length: 101 }, (_, index) => part(`n${index}`)).join('')
  const read = parseMultipart(Buffer.from(`${many}broken`), 'multipart/form-data; boundary=x')
  expect(read).toHaveLength(100)
  expect(read?.at(-1)).toEqual({ name: 'n99', value: '1' })
})
