import { createServer, type RequestListener } from 'node:http';
import { expect } from 'chai';
import { counting } from './containers.js';
import { Newcomers } from './newcomers.js';
import { addressOf, closed, listening, refusing } from './scripted-container.js';
import { stageForEach } from './stage.js';
import { eventually } from './within.js';

describe('newcomers', () => {
  const stage = stageForEach();

  async function at(listener: RequestListener) {
    const server = await listening(stage, createServer(listener));
    const { ip: host, port } = addressOf(server);
    return { server, newcomers: Newcomers.start(stage, { host, port, clients: 2 }) };
  }

  it('are answered, each on a connection of its own', async () => {
    let connections = 0;
    const { server, newcomers } = await at(counting({ name: 'a' }).listener);
    server.on('connection', () => (connections += 1));
    await newcomers.more(20);
    const { opened, ...arrivals } = await newcomers.stop();
    expect(opened).to.be.within(20, connections);
    expect(arrivals).to.deep.equal({ answered: opened, refused: 0, cut: 0, wrong: [] });
  });

  it('tell that nobody listens', async () => {
    const { ip: host, port } = await refusing(stage);
    const newcomers = Newcomers.start(stage, { host, port, clients: 2 });
    await eventually('some come', () => newcomers.arrivals.opened >= 5);
    const { opened, ...arrivals } = await newcomers.stop();
    expect(arrivals).to.deep.equal({ answered: 0, refused: opened, cut: 0, wrong: [] });
  });

  it('tell that they are cut off', async () => {
    const { newcomers } = await at((_, response) => response.destroy());
    await eventually('some come', () => newcomers.arrivals.cut >= 5);
    const { opened, ...arrivals } = await newcomers.stop();
    expect(arrivals).to.deep.equal({ answered: 0, refused: 0, cut: opened, wrong: [] });
  });

  it('tell wrong answers from right ones', async () => {
    const { newcomers, server } = await at((_, response) => response.end('hello'));
    await eventually('some come', () => newcomers.arrivals.wrong.length >= 5);
    const { answered } = await newcomers.stop();
    expect(answered).to.equal(0);
    await closed(server);
  });
});
