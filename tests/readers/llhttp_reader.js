// The reader llhttp, as undici has it compiled to WebAssembly. src/reader/program.rs describes its
// input and output.
'use strict'

const fs = require('fs')
const { ERROR } = require('undici/lib/llhttp/constants.js')
const wasm = require('undici/lib/llhttp/llhttp_simd-wasm.js')

const NAMES = Object.fromEntries(Object.entries(ERROR).map(([name, code]) => [code, name]))
const TYPES = [1, 2, 2, 2]
const [HEAD, CONNECT] = [2, 3]
// The offsets of the public fields of `llhttp_t`: content length, type, flags and status.
const [CONTENT_LENGTH, TYPE, FLAGS, STATUS] = [32, 40, 50, 52]
const F_CHUNKED = 8
const F_CONTENT_LENGTH = 32

let role, head, fields, trailers, isWhole, atName, isUpgrade
// The positions in memory of the parts of the start line and of fields.
let url, status, base
let content

function more (span, at, length) {
  return span === undefined ? [at, length] : [span[0], at + length - span[0]]
}

function onFieldPart (place, at, length) {
  const list = head === undefined ? fields : trailers
  if (place === 0 && !atName) {
    list.push([undefined, undefined])
  }
  atName = place === 0
  const field = list[list.length - 1]
  field[place] = more(field[place], at, length)
  return 0
}

const module_ = new WebAssembly.Module(wasm)
const { exports: llhttp } = new WebAssembly.Instance(module_, {
  env: {
    wasm_on_message_begin: () => 0,
    wasm_on_url: (parser, at, length) => { url = more(url, at, length); return 0 },
    wasm_on_status: (parser, at, length) => { status = more(status, at, length); return 0 },
    wasm_on_header_field: (parser, at, length) => onFieldPart(0, at, length),
    wasm_on_header_value: (parser, at, length) => onFieldPart(1, at, length),
    wasm_on_headers_complete: (parser, code, upgrade) => {
      atName = false
      const view = new DataView(llhttp.memory.buffer)
      const flags = view.getUint16(parser + FLAGS, true)
      const length = view.getBigUint64(parser + CONTENT_LENGTH, true)
      const status = view.getUint16(parser + STATUS, true)
      if (role !== 0 && (status !== code || view.getUint8(parser + TYPE) !== 2)) {
        throw new Error('llhttp_t is laid out in another way')
      }
      const isTunnel = role === CONNECT && code >= 200 && code < 300
      const isWithoutBody = role !== 0 && (code < 200 || code === 204 || code === 304)
      let framing = 'none'
      if (isTunnel || (role === 0 && llhttp.llhttp_get_method(parser) === 5)) {
        framing = 'tunnel'
      } else if (role === HEAD) {
        framing = 'none'
      } else if (upgrade !== 0 || isWithoutBody) {
        // The flags reflect the fields, even where they do not apply.
        framing = '?'
      } else if ((flags & F_CHUNKED) !== 0) {
        framing = 'chunked'
      } else if (llhttp.llhttp_message_needs_eof(parser)) {
        framing = 'close'
      } else if ((flags & F_CONTENT_LENGTH) !== 0) {
        framing = String(length)
      }
      const major = llhttp.llhttp_get_http_major(parser)
      const version = `HTTP/${major}.${llhttp.llhttp_get_http_minor(parser)}`
      head = { framing, version, code }
      return role === HEAD ? 1 : isTunnel ? 2 : 0
    },
    wasm_on_body: (parser, at, length) => { content.push([at, length]); return 0 },
    wasm_on_message_complete: () => { isWhole = true; return ERROR.PAUSED }
  }
})
llhttp._initialize()
const parsers = [llhttp.llhttp_alloc(1), llhttp.llhttp_alloc(2)]

let capacity = 1 << 16
base = llhttp.malloc(capacity)
let out = Buffer.alloc(1 << 20)
let written = 0

function room (count) {
  if (written + count > out.length) {
    out = Buffer.concat([out], 2 * (written + count))
  }
}

function text (value) {
  room(value.length + 4)
  out.writeUInt32LE(value.length, written)
  written += 4 + out.latin1Write(value, written + 4)
}

function octets (memory, span) {
  const [at, length] = span === undefined ? [0, 0] : span
  room(length + 4)
  out.writeUInt32LE(length, written)
  memory.copy(out, written + 4, at, at + length)
  written += 4 + length
}

const METHODS = new Map()
function methodName (parser) {
  const method = llhttp.llhttp_get_method(parser)
  if (!METHODS.has(method)) {
    const memory = Buffer.from(llhttp.memory.buffer)
    const at = llhttp.llhttp_method_name(method)
    METHODS.set(method, memory.toString('latin1', at, memory.indexOf(0, at)))
  }
  return METHODS.get(method)
}

function read (message) {
  if (message.length > capacity) {
    llhttp.free(base)
    capacity = 2 * message.length
    base = llhttp.malloc(capacity)
  }
  const parser = parsers[TYPES[role] - 1]
  head = url = status = undefined
  fields = []
  trailers = []
  content = []
  isWhole = atName = false
  llhttp.llhttp_reset(parser)
  message.copy(Buffer.from(llhttp.memory.buffer), base)
  let error = llhttp.llhttp_execute(parser, base, message.length)
  let end = error === 0 ? message.length : llhttp.llhttp_get_error_pos(parser) - base
  if (error === 0) {
    error = llhttp.llhttp_finish(parser)
  }
  const start = written
  room(4)
  written += 4
  const memory = Buffer.from(llhttp.memory.buffer)
  if (!isWhole && error !== 0 && error !== ERROR.INVALID_EOF_STATE) {
    text('R')
    text(NAMES[error] ?? String(error))
  } else if (head === undefined) {
    text('I')
  } else {
    text(isWhole ? 'A' : 'H')
    text(head.framing)
    if (role === 0) {
      text(methodName(parser))
      octets(memory, url)
      text(head.version)
    } else {
      text(head.version)
      text(String(head.code))
      octets(memory, status)
    }
    text(isWhole ? String(end) : '?')
    let length = 0
    for (const [, size] of content) {
      length += size
    }
    room(length + 4)
    out.writeUInt32LE(length, written)
    written += 4
    for (const [at, size] of content) {
      written += memory.copy(out, written, at, at + size)
    }
    text(String(fields.length))
    for (const list of [fields, trailers]) {
      for (const [name, value] of list) {
        octets(memory, name)
        octets(memory, value)
      }
    }
  }
  out.writeUInt32LE(written - start - 4, start)
}

// Reads exactly `count` octets, or none at the end of the input.
function readExactly (count) {
  const buffer = Buffer.allocUnsafe(count)
  let have = 0
  while (have < count) {
    let now
    try {
      now = fs.readSync(0, buffer, have, count - have, null)
    } catch (error) {
      if (error.code !== 'EAGAIN') {
        throw error
      }
      continue
    }
    if (now === 0) {
      return undefined
    }
    have += now
  }
  return buffer
}

function writeAll (buffer) {
  while (buffer.length > 0) {
    buffer = buffer.subarray(fs.writeSync(1, buffer))
  }
}

text(`undici ${require('undici/package.json').version}`)
writeAll(out.subarray(0, written))
for (;;) {
  const size = readExactly(4)
  if (size === undefined) {
    break
  }
  const batch = readExactly(size.readUInt32LE(0))
  const count = batch.readUInt32LE(0)
  let at = 4
  written = 0
  for (let number = 0; number < count; number += 1) {
    role = batch[at]
    const length = batch.readUInt32LE(at + 1)
    read(batch.subarray(at + 5, at + 5 + length))
    at += 5 + length
  }
  writeAll(out.subarray(0, written))
}
