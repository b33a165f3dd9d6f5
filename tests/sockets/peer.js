// The peers in JavaScript: Node's `http` with a keep-alive agent, and its `fetch`.
'use strict';
const http = require('node:http');

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const clients = {
    agent: (method, url, body) => new Promise((resolve, reject) => {
        const headers = body ? { 'Content-Length': body.length } : {};
        const signal = AbortSignal.timeout(20_000);
        const request = http.request(url, { method, agent, headers, signal }, (response) => {
            response.on('error', reject);
            response.on('end', () => resolve(response.statusCode));
            response.resume();
        });
        request.on('error', reject);
        request.end(body);
    }),
    fetch: async (method, url, body) => {
        const response = await fetch(url, { method, body, signal: AbortSignal.timeout(20_000) });
        await response.arrayBuffer();
        return response.status;
    },
};

async function main(client, command, address, ...rest) {
    const ask = async (method, path, size) => {
        try {
            const content = size && Buffer.alloc(size, 'x');
            return await clients[client](method, `http://${address}${path}`, content);
        } catch (error) {
            return error.cause?.code ?? error.code ?? error.name;
        }
    };
    if (command === 'uploads') {
        const [path, ...sizes] = rest;
        for (const size of sizes) {
            for (let round = 0; round < 3; round++) {
                console.log(size, await ask('POST', path, Number(size)));
            }
        }
    } else if (command === 'targets') {
        for (const target of rest) {
            console.log(await ask('GET', target));
        }
    } else {
        for (let number = 0; number < Number(rest[0]); number++) {
            console.log('POST', await ask('POST', '/status/404', 300_000));
            console.log('GET', await ask('GET', `/?number=${number}`));
        }
    }
}

main(...process.argv.slice(2)).then(() => process.exit(0));
