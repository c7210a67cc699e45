import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './api.js';
import { readRoute, writeRoute, type Route } from './route.js';

/** What a question has come to so far; an old answer stays until the new one is there. */
export interface Answered<T> {
  readonly data: T | undefined;
  readonly problem: string | undefined;
  readonly waiting: boolean;
}

/** Asks again whenever the address changes, and every `every` milliseconds where that is given. */
export function useAnswer<T>(asked: string | undefined, every?: number): Answered<T> {
  const [state, setState] = useState<Answered<T>>({ data: undefined, problem: undefined, waiting: true }); // prettier-ignore
  useEffect(() => {
    if (asked === undefined) return;
    const stop = new AbortController();
    let timer: number | undefined;
    const once = () => {
      ask<T>(asked, stop.signal).then(
        (data) => {
          if (stop.signal.aborted) return;
          setState({ data, problem: undefined, waiting: false });
          if (every !== undefined) timer = window.setTimeout(once, every);
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          setState({ data: undefined, problem: (error as Error).message, waiting: false });
        },
      );
    };
    setState((before) => ({ ...before, problem: undefined, waiting: true }));
    once();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [asked, every]);
  return state;
}

/** The view that the address names, and a way to another; `replace` leaves no step to go back to. */
export function useRoute(): [Route | undefined, (route: Route, replace?: boolean) => void] {
  const [hash, setHash] = useState(window.location.hash);
  useEffect(() => {
    const onChange = () => { setHash(window.location.hash); }; // prettier-ignore
    window.addEventListener('hashchange', onChange);
    return () => { window.removeEventListener('hashchange', onChange); }; // prettier-ignore
  }, []);
  const go = (route: Route, replace = false) => {
    const next = writeRoute(route);
    if (replace) window.history.replaceState(null, '', next);
    else window.history.pushState(null, '', next);
    setHash(next);
  };
  return [readRoute(hash), go];
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName));

/** Keys for the whole page; not while somebody types, and not those of the browser. */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && event.key !== 'Escape') return;
      // A button has its own use for the space bar.
      if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
      const act = current.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener('keydown', onKey);
    return () => { document.removeEventListener('keydown', onKey); }; // prettier-ignore
  }, []);
}

/** The size of an element, whenever it changes. */
export function useSize() {
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const found = element.current;
    if (found === null) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: found.clientWidth, height: found.clientHeight });
    });
    observer.observe(found);
    return () => { observer.disconnect(); }; // prettier-ignore
  }, []);
  return [element, size] as const;
}

/** A picture, once it has come; undefined until then. */
export function usePicture(url: string): HTMLImageElement | undefined {
  const [picture, setPicture] = useState<HTMLImageElement>();
  useEffect(() => {
    let wanted = true;
    setPicture(undefined);
    if (url === '') return;
    const image = new Image();
    image.src = url;
    image.decode().then(() => { if (wanted) setPicture(image); }, () => undefined); // prettier-ignore
    return () => { wanted = false; }; // prettier-ignore
  }, [url]);
  return picture;
}

const matches = (media: string) => window.matchMedia(media).matches;

/** Whether a media query holds, as it changes. */
export function useMedia(media: string): boolean {
  const [is, setIs] = useState(() => matches(media));
  useEffect(() => {
    const list = window.matchMedia(media);
    const onChange = () => { setIs(list.matches); }; // prettier-ignore
    list.addEventListener('change', onChange);
    return () => { list.removeEventListener('change', onChange); }; // prettier-ignore
  }, [media]);
  return is;
}
