import type { RunAnswer } from '../views/answers.js';
import type { Route } from './route.js';

/** What a view is shown with: where it is, and how to go elsewhere. */
export interface ViewProps {
  readonly route: Route;
  readonly go: (route: Route, replace?: boolean) => void;
}

/** What the views of a run are shown with. */
export interface RunProps extends ViewProps {
  readonly run: RunAnswer;
  /** The number of the run's cache. */
  readonly cache: number;
}
