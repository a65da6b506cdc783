/**
 * A hundred simulated nodes, n101 to n200, that ask and report as the boot program does: `hundred.mjs HOST:PORT GENERATION`. Each asks
 * from its own address (10.77.0.111 to .210) until it has a whole answer of that generation; what fails is tried again.
 */
import { request } from 'node:http';

const [at = '', generation = ''] = process.argv.slice(2);
const [host, port] = at.split(':');
const failures = { silent: 0, cut: 0 };

function once(localAddress, method, path, body) {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, localAddress, method, path, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => (text += piece));
      response.on('end', () =>
        response.statusCode < 300 ? resolve(text) : reject(new Error(`status ${response.statusCode}`)),
      );
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject);
    asked.end(body);
  });
}

const doze = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds * (0.5 + Math.random())));

async function patiently(work) {
  for (let pause = 1000; ; pause = Math.min(pause * 2, 8000)) {
    try {
      return await work();
    } catch (error) {
      if (error.refused) throw error;
      failures[error.cut ? 'cut' : 'silent']++;
      await doze(pause);
    }
  }
}

async function boots(number) {
  const address = `10.77.0.${number + 10}`;
  // They are switched on over the time in which litehouse is killed.
  await doze(Math.random() * 40_000);
  const answer = await patiently(async () => {
    const text = await once(address, 'GET', `/answer?generation=${generation}&always=200`);
    const lines = text.split('\n');
    if (lines.at(-2) !== `end\t${lines.length - 2}`) throw Object.assign(new Error('cut'), { cut: true });
    return text;
  });
  const field = (name) => new RegExp(`^${name}\t(.*)$`, 'm').exec(answer)?.[1];
  if (field('node') !== `n${number}` || field('generation') !== generation)
    throw Object.assign(
      new Error(`n${number} was answered for ${field('node')} of ${field('generation')}: ${field('refusal')}`),
      { refused: true },
    );
  const report = `stage\tbooted\ncommit\t${field('commit')}\ngeneration\t${generation}\nboot\t${crypto.randomUUID()}\n`;
  await patiently(() => once(address, 'POST', '/status', report));
}

await Promise.all(Array.from({ length: 100 }, (_, index) => boots(101 + index)));
console.log(`all hundred are up; tries without an answer: ${failures.silent}, answers that were cut: ${failures.cut}`);
