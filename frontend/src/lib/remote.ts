/** What came, or did not come, from elsewhere. */
export type Remote<T> = { is: "loading" } | { is: "ready"; data: T } | { is: "failed"; message: string };

/** Something remote, with a way to ask for it again, and to change what is shown. What is shown stays until the answer is there. */
export type Resource<T> = { state: Remote<T>; again: () => void; change: (from: (before: T) => T) => void };
