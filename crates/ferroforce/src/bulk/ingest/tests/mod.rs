mod cut;
mod road;
