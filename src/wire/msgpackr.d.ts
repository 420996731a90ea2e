// The package's own types of this entry point cannot be resolved under nodenext: they import '.'.
declare module 'msgpackr/pack' {
  export { Packr, Unpackr } from 'msgpackr';
}
