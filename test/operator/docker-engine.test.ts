import { freePort } from '../../bench/system/free-port.js';
import { DockerEngine } from '../../src/containers/docker-engine.js';
import { engineContract } from '../contract/containers/engine-contract.js';
import { demoImage, describeWithEngine } from './real-engine.js';

describeWithEngine('a real engine', real => {
  describe('keeps the contract of engines', () => {
    engineContract(() => ({
      engine: new DockerEngine({ path: real().socket }),
      image: demoImage,
      noImage: 'localhost/nobody-has-this:1',
      network: 'host',
      port: freePort,
    }));
  });
});

/** Of the machine: it may be taken by the time that somebody uses it, but the system gives others out first. */
