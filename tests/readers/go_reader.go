// The reader Go net/http, by ReadRequest and ReadResponse. src/reader/program.rs describes its
// input and output.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
)

var methods = []string{"GET", "GET", "HEAD", "CONNECT"}

func part(out []byte, text string) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
	return append(out, text...)
}

func fields(out []byte, header http.Header) []byte {
	for name, values := range header {
		for _, value := range values {
			out = part(part(out, name), value)
		}
	}
	return out
}

func count(header http.Header) int {
	count := 0
	for _, values := range header {
		count += len(values)
	}
	return count
}

// Drops the parts that differ from message to message, so that few reasons are left.
func reason(err error) string {
	text := err.Error()
	if strings.HasPrefix(text, "parse ") {
		return "target: " + text[strings.LastIndex(text, ": ")+2:]
	}
	if start := strings.IndexByte(text, '"'); start >= 0 {
		return text[:start]
	}
	return text
}

func failed(out []byte, err error) []byte {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return part(out, "I")
	}
	return part(part(out, "R"), reason(err))
}

func read(out []byte, role byte, octets []byte, source *bytes.Reader, buffer *bufio.Reader) []byte {
	source.Reset(octets)
	buffer.Reset(source)
	var start [3]string
	var header http.Header
	var trailer func() http.Header
	var body io.Reader
	var length int64
	var codings []string
	var closes bool
	if role == 0 {
		request, err := http.ReadRequest(buffer)
		if err != nil {
			return failed(out, err)
		}
		start = [3]string{request.Method, request.RequestURI, request.Proto}
		header, body = request.Header, request.Body
		length, codings = request.ContentLength, request.TransferEncoding
		trailer = func() http.Header { return request.Trailer }
	} else {
		response, err := http.ReadResponse(buffer, &http.Request{Method: methods[role]})
		if err != nil {
			return failed(out, err)
		}
		phrase := ""
		if parts := strings.SplitN(response.Status, " ", 2); len(parts) == 2 {
			phrase = parts[1]
		}
		start = [3]string{response.Proto, strconv.Itoa(response.StatusCode), phrase}
		header, body = response.Header, response.Body
		length, codings = response.ContentLength, response.TransferEncoding
		trailer = func() http.Header { return response.Trailer }
		closes = response.Body != http.NoBody
	}
	framing := "none"
	switch {
	case body == http.NoBody || body == nil:
	case len(codings) > 0:
		framing = "chunked"
	case length >= 0:
		framing = strconv.FormatInt(length, 10)
	case closes:
		framing = "close"
	}
	var content []byte
	verdict := "A"
	if body != nil {
		var err error
		content, err = io.ReadAll(body)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			verdict = "H"
		} else if err != nil {
			return failed(out, err)
		}
	}
	out = part(part(out, verdict), framing)
	for _, text := range start {
		out = part(out, text)
	}
	if verdict == "A" {
		out = part(out, strconv.Itoa(len(octets)-source.Len()-buffer.Buffered()))
	} else {
		out = part(out, "?")
	}
	out = part(part(out, string(content)), strconv.Itoa(count(header)))
	return fields(fields(out, header), trailer())
}

func run() error {
	input, output := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriterSize(os.Stdout, 1<<16)
	source, buffer := bytes.NewReader(nil), bufio.NewReaderSize(nil, 1<<13)
	var batch, out []byte
	if _, err := output.Write(part(nil, runtime.Version())); err != nil {
		return err
	}
	if err := output.Flush(); err != nil {
		return err
	}
	for {
		var size [4]byte
		if _, err := io.ReadFull(input, size[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		batch = append(batch[:0], make([]byte, binary.LittleEndian.Uint32(size[:]))...)
		if _, err := io.ReadFull(input, batch); err != nil {
			return err
		}
		number := binary.LittleEndian.Uint32(batch)
		at := uint32(4)
		out = out[:0]
		for ; number > 0; number-- {
			role, length := batch[at], binary.LittleEndian.Uint32(batch[at+1:])
			start := len(out)
			out = read(append(out, 0, 0, 0, 0), role, batch[at+5:at+5+length], source, buffer)
			binary.LittleEndian.PutUint32(out[start:], uint32(len(out)-start-4))
			at += 5 + length
		}
		if _, err := output.Write(out); err != nil {
			return err
		}
		if err := output.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
