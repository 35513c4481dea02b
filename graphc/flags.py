"""`tf.flags`: options of the command line that a program declares by `DEFINE_...` and reads from `FLAGS`, as TensorFlow 1 and absl have them."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .errors import (
    DuplicateFlagError,
    FlagError,
    IllegalFlagValueError,
    UnrecognizedFlagError,
)
from .ir.node import Loc, caller, here, loc_str
from .tf1_names import namespace as _namespace

__all__ = ["DEFINE", "DEFINE_alias", "DEFINE_bool", "DEFINE_boolean", "DEFINE_enum", "DEFINE_float", "DEFINE_integer", "DEFINE_list",
           "DEFINE_multi_float", "DEFINE_multi_integer", "DEFINE_multi_string", "DEFINE_spaceseplist", "DEFINE_string", "DuplicateFlagError",
           "Error", "FLAGS", "Flag", "FlagValues", "IllegalFlagValueError", "UnrecognizedFlagError", "declare_key_flag", "mark_flag_as_required",
           "mark_flags_as_required", "register_validator", "text_wrap", "validator"]

Error = FlagError
Parse = Callable[[str], Any]


class Flag:
    """One flag: its name, value, default and help. `parse` makes a value of a text, or raises ValueError, which says what it takes.

    `boolean`: it needs no value, and `--noNAME` is False. `several`: it may be given again, and its value is a list.
    """

    def __init__(self, name: str, default: Any, help: str, parse: Parse, boolean: bool = False, several: bool = False):
        self.name, self.help, self.parse, self.boolean, self.several = name, help, parse, boolean, several
        self.default = self.value = default
        self.present = 0                # times that the command line had it
        self.required = False
        self.validators: list[tuple[Callable[[Any], Any], str]] = []
        self.loc: Loc = caller()

    def take(self, text: str) -> None:
        """Set the value that the command line gives; IllegalFlagValueError: not one of this flag's."""
        try:
            value = self.parse(text)
        except ValueError as e:
            raise IllegalFlagValueError(f"flag --{self.name}={text}: {e} (declared at {loc_str(self.loc)})") from None
        self.value = [*(self.value if self.present and self.several else []), value] if self.several else value
        self.present += 1

    def check(self) -> None:
        """IllegalFlagValueError: it is required and not given, or a validator refuses the value."""
        if self.required and self.value is None:
            raise IllegalFlagValueError(f"flag --{self.name} must be given (declared at {loc_str(self.loc)})")
        for holds, message in self.validators:
            if not holds(self.value):
                raise IllegalFlagValueError(f"flag --{self.name}={self.value}: {message}")

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"<flag --{self.name}: {self.value!r}>"


class FlagValues:
    """The flags of a program as attributes. The first that is read has `sys.argv` parsed, unless `tf.app.run` has done so.

    Called with a command line it parses it, and gives what is left: the program's name and the words that are no flags.
    UnrecognizedFlagError: a flag that is not declared. IllegalFlagValueError: a value that its flag does not take.

    >>> values = FlagValues()
    >>> DEFINE_integer("steps", 100, "how many", values)
    >>> values(["prog", "--steps=20", "rest"]), values.steps
    (['prog', 'rest'], 20)
    """

    def __init__(self) -> None:
        self.__dict__["__flags"] = {}           # the name of absl's: programs look into `FLAGS.__dict__["__flags"]` to list what was declared
        self.__dict__["_parsed"] = False

    @property
    def _flags(self) -> dict[str, Flag]:
        found: dict[str, Flag] = self.__dict__["__flags"]
        return found

    # ------------------------------------------------------------------ declaring

    def declare(self, flag: Flag) -> None:
        """Add a flag; DuplicateFlagError: another line declares one of that name."""
        known = self._flags.get(flag.name)
        if known is not None and known.loc != flag.loc:
            raise DuplicateFlagError(f"the flag --{flag.name} is declared at {loc_str(known.loc)} already{here()}")
        self._flags[flag.name] = flag

    def set_default(self, name: str, value: Any) -> None:
        """Another default of a flag, and its value if the command line does not give one."""
        flag = self[name]
        flag.default = value
        if not flag.present:
            flag.value = value

    # ------------------------------------------------------------------ parsing

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        rest = self._parse([*argv[1:]], known_only)
        self.__dict__["_parsed"] = True
        for flag in self._flags.values():
            flag.check()
        return [*argv[:1], *rest]

    def _parse(self, words: list[str], known_only: bool) -> list[str]:
        rest: list[str] = []
        while words:
            word = words.pop(0)
            if word == "--":
                return rest + words
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, text = word.lstrip("-").partition("=")
            flag = self._flags.get(name)
            if flag is None and not equals and name.startswith("no") and getattr(self._flags.get(name[2:]), "boolean", False):
                flag, equals, text = self._flags[name[2:]], "=", "false"
            if flag is None:
                if name in ("help", "h", "helpfull", "helpshort"):
                    self._help()
                if not known_only:
                    raise self._unknown(name)
                rest.append(word)
                continue
            if not equals:
                if flag.boolean:
                    text = "true"
                elif not words:
                    raise IllegalFlagValueError(f"flag --{name} needs a value (declared at {loc_str(flag.loc)})")
                else:
                    text = words.pop(0)
            flag.take(text)
        return rest

    def _unknown(self, name: str) -> UnrecognizedFlagError:
        close = difflib.get_close_matches(name, self._flags, 3)
        meant = f" Did you mean {' or '.join(close)}?" if close else ""
        return UnrecognizedFlagError(f"unknown command line flag '{name}'.{meant}")

    def _help(self) -> None:
        print(self.main_module_help())
        sys.exit(1)

    def main_module_help(self) -> str:
        """What `--help` prints: each flag with its help and default."""
        lines = [f"usage: {sys.argv[0]} [flags]"]
        for name in sorted(self._flags):
            flag = self._flags[name]
            shown = f"--[no]{name}" if flag.boolean else f"--{name}"
            lines += [f"  {shown}: {flag.help}", f"    (default: {flag.default!r})"]
        return "\n".join(lines)

    get_help = main_module_help

    def is_parsed(self) -> bool:
        """Whether a command line has been parsed."""
        return bool(self._parsed)

    def mark_as_parsed(self) -> None:
        """Take the defaults: no command line is parsed when a flag is read."""
        self.__dict__["_parsed"] = True

    def unparse_flags(self) -> None:
        """Parse the command line anew when a flag is next read."""
        self.__dict__["_parsed"] = False

    def _parse_flags(self, args: Sequence[str] | None = None) -> None:
        """As programs of before TensorFlow 1.5 ask for it."""
        self([sys.argv[0], *(sys.argv[1:] if args is None else args)], known_only=True)

    # ------------------------------------------------------------------ looking at

    def __getattr__(self, name: str) -> Any:
        flags = self._flags
        if name.startswith("__") and name not in flags:
            raise AttributeError(name)
        if not self._parsed:
            self(sys.argv)
        if name not in flags:
            raise UnrecognizedFlagError(f"no line declares a flag {name!r}{here()}")
        return flags[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name].value = value

    def __delattr__(self, name: str) -> None:
        self[name]
        del self._flags[name]

    def __getitem__(self, name: str) -> Flag:
        if name not in self._flags:
            raise UnrecognizedFlagError(f"no line declares a flag {name!r}{here()}")
        return self._flags[name]

    def __contains__(self, name: object) -> bool:
        return name in self._flags

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)

    def __len__(self) -> int:
        return len(self._flags)

    def __dir__(self) -> list[str]:
        return sorted(self._flags)

    def __repr__(self) -> str:
        return "<FlagValues>"

    def flag_values_dict(self) -> dict[str, Any]:
        """The values of all flags, by name."""
        return {name: flag.value for name, flag in self._flags.items()}

    def flags_into_string(self) -> str:
        """All flags as a command line would give them, one a line."""
        return "\n".join(f"--{name}={flag.value}" for name, flag in self._flags.items() if flag.value is not None)


FLAGS = FlagValues()
FLAGS.__dict__["__doc__"] = "The flags of the program, a `FlagValues`. UnrecognizedFlagError: no line declares one."


# ---------------------------------------------------------------------- what a text is

def _boolean(text: str) -> bool:
    known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    if text.lower() not in known:
        raise ValueError("true or false is wanted")
    return known[text.lower()]


def _integer(text: str) -> int:
    try:
        return int(text, 0) if text.lower().startswith(("0x", "0o", "0b")) else int(text)
    except ValueError:
        raise ValueError("a whole number is wanted") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number is wanted") from None


def _one_of(values: Sequence[str], any_case: bool = False) -> Parse:
    def parse(text: str) -> str:
        for value in values:
            if value == text or (any_case and value.lower() == text.lower()):
                return value
        raise ValueError(f"one of {', '.join(values)} is wanted")
    return parse


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _default(name: str, default: Any, parse: Parse) -> Any:
    """A default as absl takes it: texts are parsed, as the command line's are."""
    try:
        return parse(default) if isinstance(default, str) else default
    except ValueError as e:
        raise IllegalFlagValueError(f"the default {default!r} of the flag --{name}: {e}{here()}") from None


# ---------------------------------------------------------------------- declarations

def DEFINE_string(flag_name: str, default_value: Any = None, docstring: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag whose value is a text. DuplicateFlagError: another line declares it."""
    flag_values.declare(Flag(flag_name, default_value, docstring, str))


def DEFINE_integer(flag_name: str, default_value: Any = None, docstring: str = "", flag_values: FlagValues = FLAGS,
                   lower_bound: int | None = None, upper_bound: int | None = None, **ignored: Any) -> None:
    """Declare a flag whose value is a whole number. DuplicateFlagError: another line declares it. IllegalFlagValueError: the default is none."""
    _number(flag_name, default_value, docstring, flag_values, _integer, lower_bound, upper_bound)


def DEFINE_float(flag_name: str, default_value: Any = None, docstring: str = "", flag_values: FlagValues = FLAGS,
                 lower_bound: float | None = None, upper_bound: float | None = None, **ignored: Any) -> None:
    """Declare a flag whose value is a number. DuplicateFlagError: another line declares it. IllegalFlagValueError: the default is none."""
    _number(flag_name, default_value, docstring, flag_values, _float, lower_bound, upper_bound)


def _number(name: str, default: Any, help: str, values: FlagValues, number: Parse, low: float | None, high: float | None) -> None:
    def parse(text: str) -> Any:
        value = number(text)
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"it is not in [{'-inf' if low is None else low}, {'inf' if high is None else high}]")
        return value
    values.declare(Flag(name, _default(name, default, parse), help, parse))


def DEFINE_boolean(flag_name: str, default_value: Any = None, docstring: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag that is true or false: `--x`, `--x=true`, `--nox`. DuplicateFlagError: another line declares it."""
    default = _default(flag_name, default_value, _boolean)
    flag_values.declare(Flag(flag_name, None if default is None else bool(default), docstring, _boolean, boolean=True))


DEFINE_bool = DEFINE_boolean


def DEFINE_enum(name: str, default: Any, enum_values: Sequence[str], help: str = "", flag_values: FlagValues = FLAGS,
                case_sensitive: bool = True, **ignored: Any) -> None:
    """Declare a flag that takes some texts only. DuplicateFlagError: another line declares it. IllegalFlagValueError: the default is none."""
    parse = _one_of([*enum_values], not case_sensitive)
    flag_values.declare(Flag(name, _default(name, default, parse), help, parse))


def DEFINE_list(name: str, default: Any, help: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag whose value is a list of texts, given with commas between. DuplicateFlagError: another line declares it."""
    flag_values.declare(Flag(name, _default(name, default, _list), help, _list))


def DEFINE_spaceseplist(name: str, default: Any, help: str = "", comma_compat: bool = False, flag_values: FlagValues = FLAGS,
                        **ignored: Any) -> None:
    """Declare a flag whose value is a list of texts, given with spaces between. DuplicateFlagError: another line declares it."""
    def parse(text: str) -> list[str]:
        return text.replace(",", " ").split() if comma_compat else text.split()
    flag_values.declare(Flag(name, _default(name, default, parse), help, parse))


def _several(name: str, default: Any, help: str, values: FlagValues, parse: Parse) -> None:
    listed = default if default is None or (isinstance(default, Iterable) and not isinstance(default, str)) else [_default(name, default, parse)]
    values.declare(Flag(name, None if listed is None else [*listed], help, parse, several=True))


def DEFINE_multi_string(name: str, default: Any, help: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag that may be given again, whose value is the list of texts. DuplicateFlagError: another line declares it."""
    _several(name, default, help, flag_values, str)


def DEFINE_multi_integer(name: str, default: Any, help: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag that may be given again, whose value is the list of whole numbers. DuplicateFlagError: another line declares it."""
    _several(name, default, help, flag_values, _integer)


def DEFINE_multi_float(name: str, default: Any, help: str = "", flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag that may be given again, whose value is the list of numbers. DuplicateFlagError: another line declares it."""
    _several(name, default, help, flag_values, _float)


def DEFINE(parser: Any, name: str, default: Any, help: str, flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Declare a flag whose value `parser.parse(text)` makes. DuplicateFlagError: another line declares it."""
    flag_values.declare(Flag(name, default, help, parser.parse))


def DEFINE_alias(name: str, original_name: str, flag_values: FlagValues = FLAGS, **ignored: Any) -> None:
    """Another name for a flag. UnrecognizedFlagError: there is none of the first name."""
    flag_values._flags[name] = flag_values[original_name]


def mark_flag_as_required(flag_name: str, flag_values: FlagValues = FLAGS) -> None:
    """Have the command line give this flag: UnrecognizedFlagError if there is none, IllegalFlagValueError where it is parsed and does not."""
    flag_values[flag_name].required = True


def mark_flags_as_required(flag_names: Iterable[str], flag_values: FlagValues = FLAGS) -> None:
    """`mark_flag_as_required` of each. UnrecognizedFlagError: there is no such flag."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def register_validator(flag_name: str, checker: Callable[[Any], Any], message: str = "the value is refused",
                       flag_values: FlagValues = FLAGS) -> None:
    """Have a function of the value say whether it is one; IllegalFlagValueError, with the message, where a command line is parsed and it is not."""
    flag_values[flag_name].validators.append((checker, message))


def validator(flag_name: str, message: str = "the value is refused", flag_values: FlagValues = FLAGS) -> Callable[[Any], Any]:
    """`register_validator` as a decorator. UnrecognizedFlagError: there is no such flag."""
    def register(function: Any) -> Any:
        register_validator(flag_name, function, message, flag_values)
        return function
    return register


def declare_key_flag(flag_name: str, flag_values: FlagValues = FLAGS) -> None:
    """Accepted: all flags are shown by `--help`. UnrecognizedFlagError: there is no such flag."""
    flag_values[flag_name]


def text_wrap(text: str, length: int | None = None, indent: str = "", firstline_indent: str | None = None) -> str:
    """A text in lines of at most `length` characters, 80 by default."""
    import textwrap
    first = indent if firstline_indent is None else firstline_indent
    return textwrap.fill(text, length or 80, initial_indent=first, subsequent_indent=indent)


_namespace(globals())
