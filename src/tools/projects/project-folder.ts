/** As much of a project as finding its folder takes. */
export interface ProjectFolder {
  readonly id: string;
  /** Where the folder was when the project was created; only one that Lomu did not make is looked for here. */
  readonly path: string;
  /** True when Lomu made the folder; it is then found by the project's id and goes with the project. */
  readonly isManaged: boolean;
  /** Rules as they are stored. */
  readonly toolPolicy?: unknown;
}
