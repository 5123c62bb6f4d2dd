// Reads DIR/series.parquet with hyparquet, which shares no code with the writer,
// and compares it with DIR/series.csv row by row; or another table of that name.
//
//	npm ci && node check.mjs DIR [table]
//
// Prints one line and ends with 0 if they agree, with 1 at the first difference.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const dir = process.argv[2]
const table = process.argv[3] ?? 'series'
if (!dir) fail('usage: node check.mjs DIR [table]')

const bytes = readFileSync(join(dir, table + '.parquet'))
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const metadata = parquetMetadata(file)
const lines = csv(readFileSync(join(dir, table + '.csv'), 'utf8'))
const names = lines.shift()

const columns = metadata.schema.slice(1).map(c => c.name)
const wanted = names.flatMap(n => (columns.includes(n + '_ns') ? [n, n + '_ns'] : [n]))
if (columns.join() !== wanted.join()) fail(`columns ${columns.join()}, want ${wanted.join()}`)
if (Number(metadata.num_rows) !== lines.length) fail(`${metadata.num_rows} rows, want ${lines.length}`)

// A Date would hold milliseconds only: keep the microseconds as they are.
const parsers = { timestampFromMicroseconds: micros => ({ micros }) }
const rows = await parquetReadObjects({ file, metadata, compressors, parsers })
if (rows.length !== lines.length) fail(`${rows.length} rows read, want ${lines.length}`)
rows.forEach((row, i) => names.forEach((name, k) => {
  const text = lines[i][k], value = row[name]
  if (!same(value, text)) fail(`row ${i + 1}, ${name}: ${value?.micros ?? value} in Parquet, ${text} in CSV`)
  if (name + '_ns' in row && row[name + '_ns'] !== nanoseconds(text)) fail(`row ${i + 1}, ${name}_ns: ${row[name + '_ns']} in Parquet, ${text} in CSV`)
}))
console.log(`${dir}: ${rows.length} rows of ${names.length} columns agree`)

function same(value, text) {
  if (value === null || value === undefined) return text === ''
  if (text === '') return value === ''
  if (value.micros !== undefined) return value.micros * 1000n <= nanoseconds(text) && nanoseconds(text) < (value.micros + 1n) * 1000n
  if (typeof value === 'bigint') return value === BigInt(text)
  if (typeof value === 'number') return Object.is(value, Number(text))
  return value === text
}

// nanoseconds since 1970 of an instant as RFC 3339 has it.
function nanoseconds(text) {
  const fraction = (text.match(/\.(\d+)Z$/)?.[1] ?? '').padEnd(9, '0')
  return BigInt(Date.parse(text.replace(/\.\d+Z$/, 'Z'))) * 1000000n + BigInt(fraction)
}

// RFC 4180.
function csv(text) {
  const rows = []
  let row = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted !== undefined ? quoted.replaceAll('""', '"') : plain)
    if (end === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
